/** A temporary home and workspace for one editor, and proof that nothing of it outlives the test. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { CHECKOUT } from "../../scripts/environment.mjs";

const GONE_MS = 60_000;

/** Makes a sandbox with a copy of the example; everything started with `env` counts as its own. */
export function sandbox() {
  const box = emptySandbox();
  return { ...box, workspace: copyExample(box.folder) };
}

/** A sandbox without a workspace. */
export function emptySandbox() {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "portside-editor-")));
  const at = (...names) => path.join(folder, ...names);
  for (const name of ["home", "state"]) mkdirSync(at(name));
  return { folder, at, env: environment(at) };
}

/** The path of a copy of the example that is made in this folder. */
export function copyExample(folder) {
  const workspace = path.join(folder, "qwen_vllm_server");
  cpSync(path.join(CHECKOUT, "examples/qwen_vllm_server"), workspace, {
    recursive: true,
    filter: (source) => !source.includes("__pycache__"),
  });
  return workspace;
}

/** Waits until no process of the sandbox is left, then deletes it. Throws, and ends them, if some stay. */
export async function dissolve({ folder }) {
  try {
    await settled({ folder });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until no process of the sandbox is left but those that may stay. Throws, and ends them, if some do. */
export async function settled({ folder }, mayStay = () => false) {
  const others = () => processesOf(folder).filter(({ command }) => !mayStay(command));
  const left = await until(() => others().length === 0, GONE_MS).then(() => [], others);
  for (const { pid } of left) tryKill(pid, "SIGKILL");
  if (left.length > 0)
    throw new Error(
      `still running after ${GONE_MS / 1000} s:\n${left.map(({ pid, command }) => `${pid} ${command.slice(0, 200)}`).join("\n")}`,
    );
}

/** The first value of `probe` that holds; throws, naming it, when the time is up. */
export async function until(probe, limitMs = 120_000, what = String(probe)) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The first place of `text` in a file: line and column from 1. */
export function placeOf(text, file) {
  const lines = readFileSync(file, "utf8").split("\n");
  const line = lines.findIndex((each) => each.includes(text));
  return [line + 1, lines[line].indexOf(text) + 1];
}

/** A port that nobody held a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export function isListening(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}

/** The sandbox's living processes whose command fits. Linux only. */
export function processesWith(folder, pattern) {
  return processesOf(folder).filter(({ command }) => pattern.test(command));
}

/** Ends a process started with `detached: true`, and all that it started. */
export function killGroup(child) {
  tryKill(-child.pid, "SIGTERM");
}

function environment(at) {
  const env = {
    ...process.env,
    HOME: at("home"),
    XDG_CONFIG_HOME: at("home", ".config"),
    XDG_DATA_HOME: at("home", ".local", "share"),
    XDG_CACHE_HOME: at("home", ".cache"),
    PORTSIDE_STATE_DIR: at("state"),
    PYTHONPATH: path.join(CHECKOUT, "tests/standin"), // the servers under test find vLLM's stand-in here
    LANG: "C.UTF-8",
  };
  copyPipConfig(at("home", ".config/pip"), env);
  // A terminal inside of an editor hands these down, and the editor under test would take them for its own.
  for (const name of Object.keys(env))
    if (/^(VSCODE_|NODE_OPTIONS$|NODE_TEST|ELECTRON_)/.test(name)) delete env[name];
  return env;
}

/** HOME is another one, but the package index stays the user's. */
function copyPipConfig(folder, env) {
  const files = [env.PIP_CONFIG_FILE, ...[".config/pip/pip.conf", ".pip/pip.conf"].map(inHome)];
  const file = files.find((name) => name && existsSync(name));
  delete env.PIP_CONFIG_FILE;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "pip.conf"), file ? readFileSync(file) : "");
}

function inHome(name) {
  return path.join(homedir(), name);
}

/** Linux only: elsewhere nothing is found. */
function processesOf(folder) {
  if (!existsSync("/proc/self/environ")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(
      (pid) =>
        read(`/proc/${pid}/environ`).includes(folder) && !/^State:\s+Z/m.test(read(`/proc/${pid}/status`)),
    )
    .map((pid) => ({
      pid: Number(pid),
      command: read(`/proc/${pid}/cmdline`).replaceAll("\0", " "),
    }));
}

function read(file) {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // ended meanwhile
  }
}

export function tryKill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended already
  }
}
