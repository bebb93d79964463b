/** A real VS Code with the packaged extension, in a browser without a display. */
import { execFileSync, spawn } from "node:child_process";
import { globSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { CHECKOUT } from "../../../scripts/environment.mjs";
import { codeServer } from "../../../scripts/pinned.mjs";
import { dissolve, freePort, killGroup, sandbox, until } from "../sandbox.mjs";

const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "chat.disableAIFeatures": true,
  "files.autoSave": "off",
  "terminal.integrated.enablePersistentSessions": false,
  "remote.autoForwardPorts": false,
};

const BROWSER = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where a failed run leaves its picture. */
const FAILURES = path.join(CHECKOUT, "build/editor-tests");

/**
 * Runs `work` in a window of its own. Afterwards no process may be left and the folder is gone.
 *
 * machine: settings that count in remote windows, which these are: those of scope machine(-overridable).
 * payload: what VS Code's page is told beside its folder, made from the address of a path, and the folder's path.
 * place: what is opened, of the sandbox: a folder, or the workspace file that it makes.
 * driver: let the page end the window with an exit code; shows no toasts then.
 */
export async function withWindow(
  { machine = {}, user = {}, env = {}, trusted = true, driver = false, place = inFolder, payload = () => [] },
  work,
) {
  const box = sandbox();
  const server = { ...codeServer(), at: box.at, env: { ...box.env, ...env } };
  writeSettings(box.at("code/User"), { ...QUIET, ...trust(trusted), ...user });
  writeSettings(box.at("code/Machine"), machine);
  let context;
  let child;
  try {
    installExtension(server);
    const port = await freePort();
    child = start(server, port, driver);
    await until(() => answers(`http://127.0.0.1:${port}/version`), 300_000, "VS Code's server is up");
    context = await launchBrowser(box);
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(180_000);
    const query = {
      ...place(box),
      payload: JSON.stringify(payload((file) => `vscode-remote://localhost:${port}${file}`, box.workspace)),
    };
    await work({ page, box, address: `http://localhost:${port}/?${new URLSearchParams(query)}` });
  } catch (error) {
    await complain(context, box);
    throw error;
  } finally {
    await context?.close().catch(() => {});
    if (child) killGroup(child);
    await dissolve(box);
  }
}

function inFolder({ workspace }) {
  return { folder: workspace };
}

function trust(trusted) {
  return trusted
    ? { "security.workspace.trust.enabled": false }
    : { "security.workspace.trust.startupPrompt": "never", "security.workspace.trust.banner": "never" };
}

function writeSettings(folder, settings) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "settings.json"), JSON.stringify(settings));
}

function folders(at) {
  return ["--user-data-dir", at("code"), "--extensions-dir", at("extensions")];
}

function installExtension({ node, entry, at, env }) {
  const { version } = JSON.parse(readFileSync(path.join(CHECKOUT, "package.json"), "utf8"));
  const vsix = path.join(CHECKOUT, "dist", `portside-${version}.vsix`);
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

async function complain(context, { at }) {
  mkdirSync(FAILURES, { recursive: true });
  for (const [index, page] of (context?.pages() ?? []).entries()) {
    const picture = path.join(FAILURES, `${Date.now()}-${index}.png`);
    const taken = page.screenshot({ path: picture });
    await taken.then(() => console.error(`What the window showed: ${picture}`)).catch(() => {});
  }
  for (const log of [at("server.log"), ...globSync(at("code/logs/*/exthost*/**/*ortside*.log"))])
    console.error(`${path.basename(log)}:\n${readFileSync(log, "utf8").slice(-3000)}`);
}
