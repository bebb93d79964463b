// Serves the example with `portside serve`, says when and where it answers, and ends with Ctrl-C.

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { engineEnvironment } from "./demo-engine.mjs";
import { PYTHON } from "./environment.mjs";
import { whenAskedToStop } from "./stopping.mjs";

const APP = "core.qwen_vllm_server:app";
const PORT = "8010";
const WINDOWS = process.platform === "win32";
const POLL_MS = 100;

/**
 * Serve the example in `folder` until a signal ends it. Resolves when no process of it is left.
 *
 * @param {string} scratch where the dev server keeps its registry record.
 * @param {string} python the interpreter that runs the app.
 */
export async function serve(folder, scratch, python) {
  const environment = { ...engineEnvironment(python), PORTSIDE_STATE_DIR: path.join(scratch, "state") };
  const options = ["--port", PORT, "--on-conflict", "next", "--python", python];
  const server = spawn(PYTHON, ["-m", "portside", "serve", APP, ...options], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
    // In a session of its own a Ctrl-C reaches the server once, from here, and not from the terminal as well.
    detached: !WINDOWS,
  });
  const ended = new Promise((resolve) => server.on("close", (code, signal) => resolve(code ?? signal)));
  // On Windows the console has sent the Ctrl-C to the server already.
  let isAsked = false;
  whenAskedToStop(() => {
    isAsked = true;
    return WINDOWS || server.kill("SIGINT");
  });
  announce(folder, environment.PORTSIDE_STATE_DIR, server);
  const status = await ended;
  // Before it minds signals Python ends by the one that it was sent, and has started nothing.
  const hasBegun = existsSync(path.join(environment.PORTSIDE_STATE_DIR, "servers"));
  if (status !== 0 && (hasBegun || !isAsked)) {
    throw new Error(`portside serve ended with ${status}`);
  }
}

/** Print where the server answers and what to try, once its registry record says that it does. */
async function announce(folder, stateDir, server) {
  const url = await readyUrl(stateDir, server);
  if (url) {
    console.log(`
  ${url}

  try    ${curl(url)}
  edit   ${path.join(folder, "core", "qwen_vllm_server.py")}   (a save reloads it)
  stop   Ctrl-C
`);
  }
}

async function readyUrl(stateDir, server) {
  while (server.exitCode === null && server.signalCode === null) {
    const ready = records(path.join(stateDir, "servers")).find((record) => record.phase === "ready");
    if (ready) {
      return ready.url;
    }
    await sleep(POLL_MS, undefined, { ref: false });
  }
  return null;
}

function records(folder) {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return files.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(path.join(folder, name), "utf8"))];
    } catch {
      return []; // it went between the two calls
    }
  });
}

function curl(url) {
  const quote = WINDOWS ? (text) => `"${text.replaceAll('"', '\\"')}"` : (text) => `'${text}'`;
  const body = JSON.stringify({ prompt: "What does a tugboat do?", stream: true });
  const target = new URL("/generate", url);
  return `curl -N ${target} -H ${quote("content-type: application/json")} -d ${quote(body)}`;
}
