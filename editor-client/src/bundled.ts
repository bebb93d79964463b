import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import { explain, InstallError, install, pythonIn, unwritable } from "./install";
import type { Interpreter } from "./interpreter";
import { withLock } from "./lock";

/** Where the .vsix carries the wheel, relative to the extension. */
const WHEELS = path.join("editor-client", "bundled");
/** What an earlier version installed goes once nothing has started from it for this long: another window may. */
const KEPT_MS = 7 * 24 * 3600_000;

/**
 * The Python of a private environment that holds the bundled wheel, made on first use.
 *
 * One environment per wheel and Python version, in the extension's global storage.
 * It counts as made once its `.json` stands, which is moved into place in one step:
 * a window that is closed midway leaves nothing half-made in use, and of two windows
 * at once one waits for the other.
 */
export async function bundledPython(
  context: vscode.ExtensionContext,
  base: Interpreter,
  log: vscode.LogOutputChannel,
): Promise<string> {
  const wheel = await findWheel(context.extensionPath);
  const storage = context.globalStorageUri.fsPath;
  const generation = `server-${await digest(wheel)}`;
  const prefix = path.join(storage, `${generation}-py${base.version.join(".")}`);
  const made = (await readPointer(prefix)) ?? (await make(prefix, wheel, base, log));
  await sweep(storage, generation, log);
  return made;
}

/** Effect: the next start makes the environment anew. For one that has turned out not to work. */
export async function discardBundled(context: vscode.ExtensionContext, python: string): Promise<void> {
  const storage = context.globalStorageUri.fsPath;
  for (const name of await fs.readdir(storage).catch(() => [])) {
    const prefix = path.join(storage, name.replace(/\.json$/, ""));
    if (name.endsWith(".json") && (await readPointer(prefix)) === python)
      await fs.rm(path.join(storage, name), { force: true });
  }
}

async function make(
  prefix: string,
  wheel: string,
  base: Interpreter,
  log: vscode.LogOutputChannel,
): Promise<string> {
  try {
    await makeStorage(path.dirname(prefix), log);
    return await withProgress((signal) =>
      withLock(`${prefix}.lock`, signal, async () => {
        // Another window may have made it while this one waited.
        return (await readPointer(prefix)) ?? (await fill(prefix, wheel, base, signal, log));
      }),
    );
  } catch (error) {
    if (error instanceof InstallError) throw error;
    log.error(String(error));
    const cancelled = (error as Error).name === "AbortError";
    throw new InstallError(
      cancelled ? vscode.l10n.t("The installation was cancelled.") : explain(String(error)),
    );
  }
}

async function makeStorage(folder: string, log: vscode.LogOutputChannel): Promise<void> {
  try {
    await fs.mkdir(folder, { recursive: true });
    await fs.access(folder, fs.constants.W_OK);
  } catch (error) {
    log.error(String(error)); // of a file system that is only to be read, Node says that the folder is missing
    throw new InstallError(unwritable());
  }
}

async function fill(
  prefix: string,
  wheel: string,
  base: Interpreter,
  signal: AbortSignal,
  log: vscode.LogOutputChannel,
): Promise<string> {
  await removeHalfMade(prefix);
  const folder = `${prefix}-${randomUUID().slice(0, 8)}`;
  try {
    await install(folder, wheel, base, signal, log);
    await fs.writeFile(`${folder}.tmp`, JSON.stringify({ python: pythonIn(folder) }));
    await fs.rename(`${folder}.tmp`, `${prefix}.json`);
  } catch (error) {
    await fs.rm(folder, { recursive: true, force: true });
    throw error;
  }
  return pythonIn(folder);
}

/** Effect: deletes what windows that were closed while they installed have left. The caller holds the lock. */
async function removeHalfMade(prefix: string): Promise<void> {
  const storage = path.dirname(prefix);
  const names = (await fs.readdir(storage)).filter((name) => name.startsWith(`${path.basename(prefix)}-`));
  await Promise.all(names.map((name) => fs.rm(path.join(storage, name), { recursive: true, force: true })));
}

function withProgress<T>(work: (signal: AbortSignal) => Promise<T>): Thenable<T> {
  const title = vscode.l10n.t("Portside: installing its server (first use)");
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      return work(abort.signal);
    },
  );
}

async function findWheel(extensionPath: string): Promise<string> {
  const folder = path.join(extensionPath, WHEELS);
  const wheel = (await fs.readdir(folder).catch(() => [])).find((name) => name.endsWith(".whl"));
  if (wheel) return path.join(folder, wheel);
  throw new InstallError(
    vscode.l10n.t("This build of the extension carries no server: {0} is empty.", folder),
  );
}

async function digest(file: string): Promise<string> {
  return createHash("sha256")
    .update(await fs.readFile(file))
    .digest("hex")
    .slice(0, 12);
}

/** Effect: notes that it is in use. */
async function readPointer(prefix: string): Promise<string | undefined> {
  const pointer = `${prefix}.json`;
  try {
    const { python } = JSON.parse(await fs.readFile(pointer, "utf8")) as { python: string };
    await fs.access(python); // the Python it was made from may have been removed since
    const now = new Date();
    await fs.utimes(pointer, now, now).catch(() => {}); // a storage that is only to be read
    return python;
  } catch {
    return undefined;
  }
}

/** Effect: deletes what earlier versions of the extension installed and nothing uses any more. */
async function sweep(storage: string, generation: string, log: vscode.LogOutputChannel): Promise<void> {
  try {
    const names = (await fs.readdir(storage)).filter((name) => name.startsWith("server-"));
    const others = [...new Set(names.map((name) => name.split("-").slice(0, 2).join("-")))];
    for (const other of others.filter((each) => each !== generation)) {
      const theirs = names.filter((name) => name.startsWith(other)).map((name) => path.join(storage, name));
      const times = await Promise.all(theirs.map(async (each) => (await fs.stat(each)).mtimeMs));
      if (Date.now() - Math.max(...times) < KEPT_MS) continue;
      await Promise.all(theirs.map((each) => fs.rm(each, { recursive: true, force: true })));
    }
  } catch (error) {
    log.debug(`Earlier servers were left in ${storage}: ${error}`);
  }
}
