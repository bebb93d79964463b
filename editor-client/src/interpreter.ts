import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { run } from "./process";

/** A Python that answered: where it is, which version, and whether Portside can be imported there. */
export interface Interpreter {
  path: string;
  source: "setting" | "pythonExtension" | "path";
  version: readonly [major: number, minor: number];
  portside: string | null;
}

/** The part of the Python extension's API that is used here: ms-python.python, `PythonExtension.environments`. */
interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: {
      path: string;
    }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

// `-I` as for the server itself: a module of the workspace must not stand in for Portside's.
const PROBE = `
import json, sys
try:
    from portside import __version__ as portside
except ImportError:
    portside = None
print(json.dumps({"path": sys.executable, "version": sys.version_info[:2], "portside": portside}))
`;

/**
 * The interpreter of the workspace: the setting, else the Python extension's choice, else python3 on PATH.
 *
 * Throws where a setting names something that does not run: silently taking
 * another Python than the one asked for would hide the mistake.
 */
export async function findInterpreter(resource: vscode.Uri | undefined): Promise<Interpreter | undefined> {
  const configured = configuredPath(resource);
  if (configured && mayRun(configured)) return probeConfigured(configured);
  const chosen = await pythonExtensionChoice(resource);
  return (chosen && (await probe(chosen, "pythonExtension"))) || pythonOnPath();
}

export async function pythonOnPath(): Promise<Interpreter | undefined> {
  return (await probe("python3", "path")) ?? (await probe("python", "path"));
}

/** Fires when the Python extension's choice changes; nothing where that extension is missing. */
export async function onDidChangeChoice(listener: () => void): Promise<vscode.Disposable | undefined> {
  return (await pythonExtension())?.environments.onDidChangeActiveEnvironmentPath(listener);
}

async function probeConfigured(configured: string): Promise<Interpreter> {
  const found = await probe(configured, "setting");
  if (found) return found;
  throw new Error(
    vscode.l10n.t("portside.interpreter names {0}, which does not run as a Python.", configured),
  );
}

async function probe(command: string, source: Interpreter["source"]): Promise<Interpreter | undefined> {
  const { code, stdout } = await run(command, ["-I", "-c", PROBE], { timeoutMs: 20_000 });
  if (code !== 0) return undefined;
  try {
    return { ...(JSON.parse(stdout) as Omit<Interpreter, "source">), source };
  } catch {
    return undefined; // something answered, but no Python
  }
}

function configuredPath(resource: vscode.Uri | undefined): string {
  const value = vscode.workspace.getConfiguration("portside", resource).get("interpreter", "").trim();
  if (!value) return "";
  const folder =
    (resource && vscode.workspace.getWorkspaceFolder(resource)) ?? vscode.workspace.workspaceFolders?.[0];
  const root = folder?.uri.fsPath ?? os.homedir();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is VS Code's placeholder, written by the user.
  const expanded = value.replaceAll("${workspaceFolder}", root).replace(/^~(?=[/\\])/, os.homedir());
  // A bare name such as python3.12 is looked up on PATH; anything with a slash is a path.
  return /[/\\]/.test(expanded) ? path.resolve(root, expanded) : expanded;
}

/** Untrusted folders are only read: a program inside of one is not started, whoever names it. */
function mayRun(program: string): boolean {
  return vscode.workspace.isTrusted || !vscode.workspace.getWorkspaceFolder(vscode.Uri.file(program));
}

async function pythonExtensionChoice(resource: vscode.Uri | undefined): Promise<string | undefined> {
  if (!vscode.workspace.isTrusted) return undefined; // the choice is made from what lies in the folder
  const environments = (await pythonExtension())?.environments;
  const environment = await environments?.resolveEnvironment(environments.getActiveEnvironmentPath(resource));
  return environment?.executable.uri?.fsPath;
}

async function pythonExtension(): Promise<PythonExtension | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  try {
    return await extension?.activate();
  } catch {
    return undefined; // its failure is its own to report
  }
}
