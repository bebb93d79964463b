/** A real VS Code with the packaged extension, and a browser without a display to see it in. */
import { execFileSync, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { CHECKOUT } from "../../../scripts/environment.mjs";
import { codeServer } from "../../../scripts/pinned.mjs";
import { dissolve, emptySandbox, freePort, killGroup, until } from "../sandbox.mjs";

const BROWSER = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Of the windows of this process: by what they were started with. */
const running = new Map();

const { version } = JSON.parse(readFileSync(path.join(CHECKOUT, "package.json"), "utf8"));
const PORTSIDE = path.join(CHECKOUT, "dist", `portside-${version}.vsix`);

/**
 * An editor that runs already, or a new one.
 *
 * env: beside what the sandbox has; driver: see `withWindow`; vsix: the extension that is installed.
 */
export function editorWith(env, driver, vsix = PORTSIDE) {
  const key = JSON.stringify([env, driver, vsix]);
  const editor = running.get(key) ?? startEditor(env, driver, vsix);
  running.set(key, editor);
  editor.catch(() => running.delete(key));
  return editor;
}

/** Ends all editors of this process; throws where a process of theirs is left. */
export async function closeEditors() {
  const all = [...running.values()];
  running.clear();
  for (const editor of all) await end(await editor);
}

/** Effect: the next window gets another one. For an editor of which nobody knows in what state it is. */
export async function discard(editor) {
  for (const [key, each] of running) if ((await each) === editor) running.delete(key);
  await end(editor);
}

async function startEditor(env, driver, vsix) {
  const box = emptySandbox();
  const server = { ...codeServer(), at: box.at, env: { ...box.env, ...env } };
  installExtension(server, vsix);
  const port = await freePort();
  const child = start(server, port, driver);
  try {
    await until(() => answers(`http://127.0.0.1:${port}/version`), 300_000, "VS Code's server is up");
    return { box: { ...box, env: server.env }, port, child, context: await launchBrowser(box) };
  } catch (error) {
    killGroup(child);
    throw error;
  }
}

async function end({ box, child, context }) {
  await context.close().catch(() => {});
  killGroup(child);
  await dissolve(box);
}

function folders(at) {
  return ["--user-data-dir", at("code"), "--extensions-dir", at("extensions")];
}

function installExtension({ node, entry, at, env }, vsix) {
  const args = [entry, "--config", at("code-server.yaml"), ...folders(at), "--install-extension", vsix];
  execFileSync(node, args, { env, stdio: ["ignore", "ignore", "pipe"] });
}

function start({ node, main, at, env }, port, driver) {
  const listen = ["--host", "127.0.0.1", "--port", String(port), "--without-connection-token"];
  const quiet = [
    "--accept-server-license-terms",
    "--disable-telemetry",
    ...(driver ? ["--enable-smoke-test-driver"] : []),
  ];
  const log = openSync(at("server.log"), "w");
  return spawn(node, [main, ...listen, ...quiet, ...folders(at)], {
    env,
    detached: true,
    stdio: ["ignore", log, log],
  });
}

function launchBrowser({ at, env }) {
  return chromium.launchPersistentContext(at("chromium"), {
    executablePath: "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1400, height: 860 },
    env,
    args: BROWSER,
  });
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
