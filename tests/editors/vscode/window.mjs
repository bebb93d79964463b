/** Windows of a real VS Code: each has its own folder and settings, and leaves nothing behind. */
import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CHECKOUT } from "../../../scripts/environment.mjs";
import { copyExample, processesWith, settled, tryKill, until } from "../sandbox.mjs";
import { discard, editorWith } from "./editor.mjs";

export { closeEditors } from "./editor.mjs";

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

const SIZE = { width: 1400, height: 860 };

/** Far longer than an extension host takes to end. */
const HOST_MS = 20_000;

/** Where a failed run leaves its picture. */
const FAILURES = path.join(CHECKOUT, "build/editor-tests");

/** What an editor without a window still runs: its server, what windows share, idle shells, and the browser. */
const OF_EDITOR = /server-main\.js|--type=(ptyHost|fileWatcher)|shellIntegration|chrom/;

let windows = 0;

/**
 * Runs `work` in a window of its own. Afterwards no process of it may be left, and its folder is gone.
 *
 * Windows that ask for the same environment share an editor, as a user's do; `closeEditors` ends all of them.
 *
 * machine: settings that count in remote windows, which these are: those of scope machine(-overridable).
 * payload: what VS Code's page is told beside its folder, made from the address of a path, and the folder's path.
 * place: what is opened, of the sandbox: a folder, or the workspace file that it makes.
 * vsix: another extension than Portside.
 * driver: let the page end the window with an exit code; shows no toasts then.
 */
export async function withWindow(
  { machine, user, env = {}, vsix, trusted, driver = false, place = inFolder, payload = () => [] },
  work,
) {
  const editor = await editorWith(env, driver, vsix);
  const box = boxFor(editor);
  setSettings(box, { machine, user, trusted });
  try {
    const page = await openPage(editor);
    const query = {
      ...place(box),
      payload: JSON.stringify(
        payload((file) => `vscode-remote://localhost:${editor.port}${file}`, box.workspace),
      ),
    };
    await work({ page, box, address: `http://localhost:${editor.port}/?${new URLSearchParams(query)}` });
    await leave(editor, box);
  } catch (error) {
    await complain(editor.context, box);
    await discard(editor).catch((another) => console.error(another));
    throw error;
  }
}

/** Effect: windows that are open follow. The options are those of `withWindow`. */
export function setSettings({ at }, { machine = {}, user = {}, trusted = true }) {
  writeSettings(at("code/User"), { ...QUIET, ...trust(trusted), ...user });
  writeSettings(at("code/Machine"), machine);
}

/** The editor's sandbox with a workspace that is this window's own. */
function boxFor({ box }) {
  windows += 1;
  const parent = box.at(`window-${windows}`);
  mkdirSync(parent);
  return { ...box, parent, workspace: copyExample(parent) };
}

async function openPage({ context }) {
  const page = await context.newPage();
  page.setDefaultTimeout(180_000);
  await page.setViewportSize(SIZE);
  return page;
}

/** Closes the window's pages and waits until what it has started has ended. */
async function leave({ context, port }, box) {
  for (const page of context.pages().slice(1)) {
    page.on("dialog", (dialog) => dialog.accept()); // of what is not saved
    await page.goto("about:blank"); // so that VS Code hears of it; of a page that is closed it waits to come back
    await page.close();
  }
  await endHosts(box);
  await forget(context, `http://localhost:${port}`);
  await settled(box, (command) => OF_EDITOR.test(command));
  rmSync(box.parent, { recursive: true, force: true, maxRetries: 5 });
}

/** VS Code ends a window's extension host, or, if it missed the end of the window, keeps it for hours. */
async function endHosts({ folder }) {
  const hosts = () => processesWith(folder, /--type=extensionHost/);
  const left = await until(() => hosts().length === 0, HOST_MS).then(() => [], hosts);
  for (const { pid } of left) tryKill(pid, "SIGTERM");
}

/** Effect: the next window of this address knows nothing of what the last one kept in the browser. */
async function forget(context, origin) {
  const [page] = context.pages();
  const session = await context.newCDPSession(page);
  await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb,local_storage" });
  await session.detach();
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

/** What the extension has logged in the window that wrote to its log last. */
function logOf({ at }) {
  const logs = globSync(at("code/logs/*/exthost*/**/Portside.log"));
  const written = (file) => statSync(file).mtimeMs;
  const [last] = logs.sort((a, b) => written(b) - written(a));
  return last ? readFileSync(last, "utf8") : "";
}

async function complain(context, { at }) {
  mkdirSync(FAILURES, { recursive: true });
  for (const [index, page] of context.pages().slice(1).entries()) {
    const picture = path.join(FAILURES, `${Date.now()}-${index}.png`);
    const taken = page.screenshot({ path: picture });
    await taken.then(() => console.error(`What the window showed: ${picture}`)).catch(() => {});
  }
  console.error(`VS Code's server:\n${readFileSync(at("server.log"), "utf8").slice(-3000)}`);
  console.error(`The extension:\n${logOf({ at }).slice(-3000)}`);
}
