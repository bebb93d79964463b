/**
 * `npm run test:editors`: Portside in a real VS Code, Neovim and Emacs.
 *
 *   npm run test:editors -- walk       only the files whose name contains it
 *   npm run test:editors -- --screenshots   also writes the walk's pictures into docs/images
 *
 * Installs what it needs: the editors from apt (as root, on Debian), VS Code and Node into the cache folder.
 */
import { spawnSync } from "node:child_process";
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

setUpPython("dev");
setUpNode();
requirePrograms(PROGRAMS);
const { node } = codeServer();
call(...npm("run", "--silent", "package"));
// One after the other: each window wants both cores of a small machine.
call(node, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...testFiles()]);

function testFiles() {
  const all = readdirSync(folder).filter((name) => name.endsWith(".test.mjs"));
  const chosen = names.length === 0 ? all : all.filter((file) => names.some((name) => file.includes(name)));
  return chosen.sort().map((name) => path.join(folder, name));
}

function call(program, args) {
  const env = {
    ...process.env,
    ...(screenshots && { PORTSIDE_SCREENSHOTS: path.join(CHECKOUT, "docs/images") }),
  };
  const { status } = spawnSync(program, args, { cwd: CHECKOUT, stdio: "inherit", env });
  if (status !== 0) process.exit(status ?? 1);
}
