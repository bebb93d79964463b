// The checkout's own environments: `.venv` for Python, `node_modules` for the extension.
//
// Each is made once and made again only when what it is made from has changed: a stamp inside
// it holds a digest of that. So a checkout that is set up needs no network.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findPython } from "./python.mjs";

export const CHECKOUT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const VENV = path.join(CHECKOUT, ".venv");
const MODULES = path.join(CHECKOUT, "node_modules");
const SCRIPTS = path.join(VENV, process.platform === "win32" ? "Scripts" : "bin");

export const PYTHON = path.join(SCRIPTS, process.platform === "win32" ? "python.exe" : "python");

/**
 * Make `.venv`, with Portside (editable) and one dependency group of pyproject.toml in it.
 *
 * @param {"demo" | "dev"} group dev holds demo.
 */
export function setUpPython(group) {
  const wanted = digest("pyproject.toml");
  const stamps = { demo: path.join(VENV, ".portside-demo"), dev: path.join(VENV, ".portside-dev") };
  const usable = runs(PYTHON, ["-c", "import portside"]);
  if (!(usable && (isStamped(stamps.dev, wanted) || isStamped(stamps[group], wanted)))) {
    makeVenv();
    pip("install", "--upgrade", "pip>=25.1"); // the first that knows --group
    pip("install", "--editable", ".", "--group", group);
    writeFileSync(stamps[group], wanted);
  }
  // As an installation does: where PYTHONDONTWRITEBYTECODE is set, every start would compile it all.
  runs(PYTHON, ["-m", "compileall", "-q", path.join(CHECKOUT, "server")]);
}

/** Make `node_modules`, for type checks, the extension and its tests. */
export function setUpNode() {
  const wanted = digest("package-lock.json");
  const stamp = path.join(MODULES, ".portside-stamp");
  if (isStamped(stamp, wanted)) {
    return;
  }
  run("Setting up node_modules", ...npm("ci", "--no-audit", "--no-fund", "--loglevel=error"));
  writeFileSync(stamp, wanted);
}

/**
 * How to call npm: npm tells its scripts where it is, which spares the search for npm.cmd on Windows.
 *
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function npm(...args) {
  const cli = process.env.npm_execpath;
  return cli ? [process.execPath, [cli, ...args]] : ["npm", args];
}

function makeVenv() {
  if (runs(PYTHON, ["-m", "pip", "--version"])) {
    return;
  }
  const python = findPython();
  rmSync(VENV, { recursive: true, force: true });
  const [program, ...args] = python.command;
  try {
    run(`Making .venv with Python ${python.version.join(".")}`, program, [...args, "-m", "venv", VENV]);
  } catch (error) {
    rmSync(VENV, { recursive: true, force: true });
    const package_ = `python${python.version.join(".")}-venv`;
    throw new Error(
      `${error.message}\nOn Debian and Ubuntu the venv module is a package: apt install ${package_}`,
    );
  }
}

function pip(...args) {
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
  run(`pip ${args.join(" ")}`, PYTHON, ["-m", "pip", ...args, ...quiet]);
}

function run(title, program, args) {
  console.log(`· ${title}`);
  const result = spawnSync(program, args, { cwd: CHECKOUT, stdio: ["ignore", "inherit", "inherit"] });
  if (result.error || result.status !== 0) {
    const reason = result.error?.message ?? `exit code ${result.status ?? result.signal}`;
    throw new Error(`${title}: failed (${reason})`);
  }
}

function runs(program, args) {
  return existsSync(program) && spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

function digest(file) {
  return createHash("sha256")
    .update(readFileSync(path.join(CHECKOUT, file)))
    .digest("hex");
}

function isStamped(stamp, wanted) {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}
