/** `npm run package`: the wheel, the bundle and, from both, dist/portside-VERSION.vsix. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { CHECKOUT, npm, PYTHON, setUpNode, setUpPython } from "./environment.mjs";
import { recentNode } from "./pinned.mjs";

const LIMIT_WITHOUT_WHEEL = 1024 * 1024;

const bundled = path.join(CHECKOUT, "editor-client/bundled");
const { version } = JSON.parse(readFileSync(path.join(CHECKOUT, "package.json"), "utf8"));
const vsix = path.join(CHECKOUT, "dist", `portside-${version}.vsix`);

setUpPython("demo");
setUpNode();
rmSync(bundled, { recursive: true, force: true });
mkdirSync(path.dirname(vsix), { recursive: true });
run(PYTHON, ["-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "-w", bundled, "."]);
run(...npm("run", "--silent", "build"));
run(recentNode(), [
  path.join(CHECKOUT, "node_modules/@vscode/vsce/vsce"),
  "package",
  "--no-dependencies", // esbuild has put them into the bundle
  "--allow-missing-repository",
  "--readme-path",
  "editor-client/README.md",
  "--out",
  vsix,
]);
report();

function report() {
  const [wheel] = readdirSync(bundled).map((name) => path.join(bundled, name));
  const total = statSync(vsix).size;
  const rest = total - statSync(wheel).size;
  console.log(
    `${path.relative(CHECKOUT, vsix)}: ${kib(total)}, without ${path.basename(wheel)} ${kib(rest)}`,
  );
  if (rest <= LIMIT_WITHOUT_WHEEL) return;
  console.error(`That is more than ${kib(LIMIT_WITHOUT_WHEEL)} without the wheel.`);
  process.exitCode = 1;
}

function kib(bytes) {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}

function run(command, args) {
  execFileSync(command, args, { cwd: CHECKOUT, stdio: "inherit" });
}
