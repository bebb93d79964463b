import * as vscode from "vscode";
import { bundledPython } from "./bundled";
import { InstallError } from "./install";
import { findInterpreter, type Interpreter, pythonOnPath } from "./interpreter";

const OLDEST_PYTHON = [3, 10] as const;

/** The Portside that this window uses, and the interpreter of the workspace. */
export interface Portside {
  /** Program and first arguments of every `portside …`. */
  command: readonly [string, ...string[]];
  version: string;
  origin: "environment" | "bundled";
  interpreter: Interpreter;
}

/**
 * Portside as the settings want it: from the workspace's environment, else from the wheel in the extension.
 *
 * Throws an Error whose message is meant for the user.
 */
export async function findPortside(
  context: vscode.ExtensionContext,
  resource: vscode.Uri | undefined,
  log: vscode.LogOutputChannel,
): Promise<Portside> {
  const interpreter = await findInterpreter(resource);
  if (!interpreter)
    throw new Error(
      vscode.l10n.t("No Python was found. Install Python 3.10 or later, or set portside.interpreter."),
    );
  log.info(
    `Interpreter: ${interpreter.path} (${interpreter.source}), Python ${interpreter.version.join(".")}`,
  );
  const strategy = vscode.workspace.getConfiguration("portside", resource).get("importStrategy");
  const found =
    interpreter.portside !== null && strategy !== "useBundled"
      ? fromEnvironment(interpreter, interpreter.portside)
      : await fromBundle(context, interpreter, log);
  log.info(`Portside ${found.version} (${found.origin}): ${found.command.join(" ")}`);
  return found;
}

/** Two versions that may not understand each other; patch releases keep their protocol. */
export function isSkewed(server: string, extension: string): boolean {
  const release = (version: string) => version.split(".").slice(0, 2).join(".");
  return release(server) !== release(extension);
}

function fromEnvironment(interpreter: Interpreter, version: string): Portside {
  return { command: portsideWith(interpreter.path), version, origin: "environment", interpreter };
}

async function fromBundle(
  context: vscode.ExtensionContext,
  interpreter: Interpreter,
  log: vscode.LogOutputChannel,
): Promise<Portside> {
  const base = await baseOf(interpreter);
  const version = (context.extension.packageJSON as { version: string }).version;
  const python = await bundledPython(context, base, log);
  return { command: portsideWith(python), version, origin: "bundled", interpreter };
}

/** The Python to run Portside itself with: an app may need an older one than Portside does. */
async function baseOf(interpreter: Interpreter): Promise<Interpreter> {
  if (isRecent(interpreter)) return interpreter;
  const other = await pythonOnPath();
  if (other && isRecent(other)) return other;
  throw new InstallError(
    vscode.l10n.t(
      "Portside runs on Python 3.10 or later; {0} is {1}.",
      interpreter.path,
      interpreter.version.join("."),
    ),
  );
}

function isRecent({ version: [major, minor] }: Interpreter): boolean {
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
}

// `-I`: a user's ast.py must not shadow the standard library of Portside's own process.
function portsideWith(python: string): [string, ...string[]] {
  return [python, "-I", "-m", "portside"];
}
