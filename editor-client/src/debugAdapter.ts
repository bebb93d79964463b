import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import { TYPE } from "./debugConfigurations";

/** What the adapter says when no debugpy is to be had: server/portside/devserver/debugging/session.py. */
const DEBUGPY_MISSING = "portsideDebugpyMissing";

/** Starts `portside debug-adapter`, which starts the dev server and follows it over its reloads. */
export class DebugAdapters implements vscode.DebugAdapterDescriptorFactory {
  constructor(private readonly server: LanguageServer) {}

  async createDebugAdapterDescriptor(session: vscode.DebugSession): Promise<vscode.DebugAdapterDescriptor> {
    const portside = await this.server.found();
    if (!portside) throw new Error(vscode.l10n.t("Portside itself was not found; its log tells why."));
    const [program, ...first] = portside.command;
    const cwd = session.workspaceFolder?.uri.fsPath;
    return new vscode.DebugAdapterExecutable(program, [...first, "debug-adapter"], cwd ? { cwd } : {});
  }
}

/** Offers to install debugpy where a session could not begin for want of it, and begins it then. */
export function onDebugpyMissing(): vscode.Disposable {
  return vscode.debug.onDidReceiveDebugSessionCustomEvent(({ event, session, body }) => {
    if (event === DEBUGPY_MISSING && session.type === TYPE) void offerDebugpy(session, body.python as string);
  });
}

async function offerDebugpy(session: vscode.DebugSession, python: string): Promise<void> {
  const install = vscode.l10n.t("Install debugpy");
  const message = vscode.l10n.t(
    "To debug, Portside needs debugpy: neither the environment of {0} nor Portside's own has it.",
    python,
  );
  if ((await vscode.window.showErrorMessage(message, install)) !== install) return;
  if (await installed(python, session.workspaceFolder))
    await vscode.debug.startDebugging(session.workspaceFolder, session.configuration);
}

/** In a terminal, so that the user sees what pip does and says. */
async function installed(python: string, folder: vscode.WorkspaceFolder | undefined): Promise<boolean> {
  const execution = new vscode.ProcessExecution(python, ["-m", "pip", "install", "debugpy"]);
  const scope = folder ?? vscode.TaskScope.Workspace;
  const name = vscode.l10n.t("Install debugpy");
  const task = new vscode.Task({ type: "process" }, scope, name, "portside", execution, []);
  const running = await vscode.tasks.executeTask(task);
  return new Promise((resolve) => {
    const subscription = vscode.tasks.onDidEndTaskProcess((event) => {
      if (event.execution !== running) return;
      subscription.dispose();
      resolve(event.exitCode === 0);
    });
  });
}
