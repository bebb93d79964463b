import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Interpreter } from "./interpreter";
import { run } from "./process";

const STEP_MS = 600_000;
/** Less than this is left, in bytes: then that is why. */
const TOO_LITTLE = 16 * 1024 * 1024;
// No index is named here: the dependencies come from wherever the user's pip takes them.
const PIP = ["-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--prefer-binary"];

/** Why the server could not be installed, in words for the user. */
export class InstallError extends Error {}

/** Makes a virtual environment with the wheel in it, and debugpy beside it where the index has that. */
export async function install(
  folder: string,
  wheel: string,
  base: Interpreter,
  signal: AbortSignal,
  log: vscode.LogOutputChannel,
): Promise<void> {
  log.info(`Installing ${path.basename(wheel)} into ${folder} with ${base.path}`);
  const python = pythonIn(folder);
  try {
    await step(base.path, ["-I", "-m", "venv", folder], signal, log);
    await step(python, [...PIP, wheel], signal, log);
  } catch (error) {
    // venv says of a full disk no more than that its own pip has failed.
    if (await isFull(path.dirname(folder))) throw new InstallError(diskFull());
    throw error;
  }
  try {
    await step(python, [...PIP, `${wheel}[debug]`], signal, log);
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn("Without debugpy: debugging needs it in the app's environment then.");
  }
}

async function isFull(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await fs.statfs(folder);
    return bavail * bsize < TOO_LITTLE;
  } catch {
    return false;
  }
}

export function pythonIn(environment: string): string {
  return process.platform === "win32"
    ? path.join(environment, "Scripts", "python.exe")
    : path.join(environment, "bin", "python");
}

async function step(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, { timeoutMs: STEP_MS, signal });
  for (const line of `${stdout}${stderr}`.trimEnd().split("\n")) log.info(line);
  if (signal.aborted) throw new InstallError(vscode.l10n.t("The installation was cancelled."));
  if (code !== 0) throw new InstallError(explain(`${stdout}${stderr}`));
}

/** What the user can do about the output of a failed venv or pip. */
export function explain(output: string): string {
  if (/No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/i.test(output)) return diskFull();
  if (/Read-only file system|Permission denied|EROFS|EACCES|EPERM/i.test(output)) return unwritable();
  if (/ensurepip is not|'-m', 'ensurepip'|No module named '?(venv|ensurepip|pip)/.test(output))
    return vscode.l10n.t(
      "This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv.",
    );
  if (/CERTIFICATE_VERIFY_FAILED|SSLError|certificate/i.test(output))
    return vscode.l10n.t(
      "pip does not trust the certificate of your package index. Set its certificate with pip config set global.cert, or install portside into the workspace's environment.",
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

function diskFull(): string {
  return vscode.l10n.t(
    "The disk is full: Portside's server needs about 100 MB in the extension's storage. Free some and try again.",
  );
}

export function unwritable(): string {
  return vscode.l10n.t(
    "The extension's storage can't be written to. Make it writable, or install portside into the workspace's environment.",
  );
}
