/** `npm run package`: the wheel, the bundle and, from both, dist/portside-VERSION.vsix. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
writeFileSync(path.join(CHECKOUT, "editor-client/dist/licenses.txt"), licenses());
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

/** The licences of what esbuild put into the bundle: their copyright notices have to go along. */
function licenses() {
  const { inputs } = JSON.parse(readFileSync(path.join(CHECKOUT, "editor-client/dist/meta.json"), "utf8"));
  const packages = Object.keys(inputs).flatMap(
    (file) => file.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/)?.[0] ?? [],
  );
  return [...new Set(packages)].sort().map(license).join("\n\n");
}

function license(folder) {
  const names = readdirSync(path.join(CHECKOUT, folder)).filter((name) =>
    /^(licen[cs]e|copying)/i.test(name),
  );
  if (names.length === 0) throw new Error(`${folder} has no licence file`);
  const texts = names.map((name) => readFileSync(path.join(CHECKOUT, folder, name), "utf8").trim());
  return [`== ${folder.split("node_modules/").at(-1)}`, ...texts].join("\n\n");
}

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
