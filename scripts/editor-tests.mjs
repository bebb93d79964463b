/**
 * `npm run test:editors`: Portside in a real VS Code, Neovim and Emacs.
 *
 *   npm run test:editors -- walk       only the files whose name contains it
 *   npm run test:editors -- --screenshots   also writes the walk's pictures into docs/images
 *
 * Installs what it needs: the editors from apt (as root, on Debian), VS Code and Node into the cache folder.
 */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { CHECKOUT, npm, setUpNode, setUpPython } from "./environment.mjs";
import { codeServer, requirePrograms } from "./pinned.mjs";

const PROGRAMS = {
  chromium: ["chromium", "fonts-dejavu-core", "fonts-nanum", "fonts-noto-color-emoji"], // the example logs in Korean
  nvim: ["neovim"],
  emacs: ["emacs-nox", "elpa-eglot"],
};

const folder = path.join(CHECKOUT, "tests/editors");
const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const screenshots = process.argv.includes("--screenshots");

const env = {
  ...process.env,
  ...(screenshots && { PORTSIDE_SCREENSHOTS: path.join(CHECKOUT, "docs/images") }),
};
const REPORT = "--test-reporter=spec";
const ALONE = ["vscode-activation.test.mjs"];
/** About as long as all others together. */
const FIRST_LANE = ["server", "trouble", "api"].map((name) => `vscode-${name}.test.mjs`);

setUpPython("dev");
setUpNode();
requirePrograms(PROGRAMS);
const { node } = codeServer();
call(...npm("run", "--silent", "package"));
call(node, ["--test", "--test-concurrency=1", REPORT, ...filesOf((name) => !name.startsWith("vscode-"))]);
await inLanes();
// Alone: it measures.
call(node, ["--test", REPORT, ...filesOf((name) => ALONE.includes(name))]);

/**
 * The tests in windows, two at a time: much of what they do is to wait.
 *
 * Each lane is one process, whose windows share an editor. What the second one says comes after the first one's.
 */
async function inLanes() {
  const inWindows = filesOf((name) => name.startsWith("vscode-") && !ALONE.includes(name));
  const isFirst = (file) => FIRST_LANE.includes(path.basename(file));
  const lanes = [inWindows.filter(isFirst), inWindows.filter((file) => !isFirst(file))];
  const done = await Promise.all(lanes.map((files, index) => lane(files, index === 0)));
  for (const { said } of done) process.stdout.write(said);
  const failed = done.find(({ code }) => code !== 0);
  if (failed) process.exit(failed.code ?? 1);
}

function lane(files, isShown) {
  if (files.length === 0) return { code: 0, said: "" };
  const args = ["--test", "--test-isolation=none", REPORT, ...files];
  const child = spawn(node, args, {
    cwd: CHECKOUT,
    env,
    stdio: ["ignore", isShown ? "inherit" : "pipe", "inherit"],
  });
  let said = "";
  child.stdout?.on("data", (data) => {
    said += data;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, said })));
}

function filesOf(isMeant) {
  const all = readdirSync(folder).filter((name) => name.endsWith(".test.mjs") && isMeant(name));
  const chosen = names.length === 0 ? all : all.filter((file) => names.some((name) => file.includes(name)));
  return chosen.sort().map((name) => path.join(folder, name));
}

function call(program, args) {
  if (args.at(-1) === REPORT) return; // no file was chosen
  const { status } = spawnSync(program, args, { cwd: CHECKOUT, stdio: "inherit", env });
  if (status !== 0) process.exit(status ?? 1);
}
