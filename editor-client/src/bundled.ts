import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Interpreter } from "./interpreter";
import { run } from "./process";

/** Where the .vsix carries the wheel, relative to the extension. */
const WHEELS = path.join("editor-client", "bundled");

export class InstallError extends Error {}

/**
 * The Python of a private environment that holds the bundled wheel, made on first use.
 *
 * One environment per wheel and Python version, in the extension's global storage.
 * It counts as made once its `.json` stands, which is moved into place in one step:
 * a window that is closed midway, or two windows at once, leave nothing half-made in use.
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
  const made = await readPointer(`${prefix}.json`);
  if (made) return made;
  const python = await install(wheel, base, prefix, log);
  await removeOthers(storage, generation);
  return python;
}

async function install(
  wheel: string,
  base: Interpreter,
  prefix: string,
  log: vscode.LogOutputChannel,
): Promise<string> {
  const folder = `${prefix}-${randomUUID().slice(0, 8)}`;
  await fs.mkdir(path.dirname(folder), { recursive: true });
  try {
    await withProgress((signal) => fill(folder, wheel, base, signal, log));
  } catch (error) {
    await fs.rm(folder, { recursive: true, force: true });
    throw error;
  }
  await fs.writeFile(`${folder}.tmp`, JSON.stringify({ python: pythonIn(folder) }));
  await fs.rename(`${folder}.tmp`, `${prefix}.json`);
  return pythonIn(folder);
}

async function fill(
  folder: string,
  wheel: string,
  base: Interpreter,
  signal: AbortSignal,
  log: vscode.LogOutputChannel,
): Promise<void> {
  log.info(`Installing ${path.basename(wheel)} into ${folder} with ${base.path}`);
  await step(base.path, ["-I", "-m", "venv", folder], signal, log);
  // No index is named here: the dependencies come from wherever the user's pip takes them.
  const pip = ["-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--prefer-binary"];
  await step(pythonIn(folder), [...pip, wheel], signal, log);
}

async function step(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, { timeoutMs: 600_000, signal });
  for (const line of `${stdout}${stderr}`.trimEnd().split("\n")) log.info(line);
  if (signal.aborted) throw new InstallError(vscode.l10n.t("The installation was cancelled."));
  if (code !== 0) throw new InstallError(explain(`${stdout}${stderr}`));
}

/** What the user can do about the output of a failed venv or pip. */
function explain(output: string): string {
  if (/ensurepip is not|No module named '?(venv|ensurepip|pip)/.test(output))
    return vscode.l10n.t(
      "This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv.",
    );
  if (
    /No matching distribution|Could not find a version|Temporary failure in name|connection|Max retries/i.test(
      output,
    )
  )
    return vscode.l10n.t(
      "pip could not get Portside's dependencies from your package index. Check the network and pip's settings (pip config list), or install portside into the workspace's environment.",
    );
  return output.trim().split("\n").at(-1) ?? "";
}

function withProgress(work: (signal: AbortSignal) => Promise<void>): Thenable<void> {
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

async function readPointer(pointer: string): Promise<string | undefined> {
  try {
    const { python } = JSON.parse(await fs.readFile(pointer, "utf8")) as { python: string };
    await fs.access(python); // the Python it was made from may have been removed since
    return python;
  } catch {
    return undefined;
  }
}

/** Effect: deletes what earlier versions of the extension installed. */
async function removeOthers(storage: string, generation: string): Promise<void> {
  const names = await fs.readdir(storage);
  const old = names.filter((name) => name.startsWith("server-") && !name.startsWith(generation));
  await Promise.all(old.map((name) => fs.rm(path.join(storage, name), { recursive: true, force: true })));
}

function pythonIn(environment: string): string {
  return process.platform === "win32"
    ? path.join(environment, "Scripts", "python.exe")
    : path.join(environment, "bin", "python");
}
