import * as path from "node:path";
import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import type { LaunchTarget } from "./methods";

export interface Choice {
  folder: vscode.WorkspaceFolder;
  target: LaunchTarget;
}

/** The servers of the active file, else of its folder, else of the workspace. */
export async function findTargets(server: LanguageServer): Promise<Choice[]> {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folder = active && vscode.workspace.getWorkspaceFolder(active);
  if (!folder) return findWorkspaceTargets(server);
  const near = await findFolderTargets(server, folder);
  const here = near.filter(({ target }) => target.path === active.fsPath);
  if (here.length > 0) return here;
  return near.length > 0 ? near : findWorkspaceTargets(server);
}

export async function findWorkspaceTargets(server: LanguageServer): Promise<Choice[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return (await Promise.all(folders.map((folder) => findFolderTargets(server, folder)))).flat();
}

async function findFolderTargets(server: LanguageServer, folder: vscode.WorkspaceFolder): Promise<Choice[]> {
  const targets = await server.launchTargets({ folder: folder.uri.toString() });
  return targets.map((target) => ({ folder, target }));
}

/** Asks only where there is something to choose. */
export async function chooseTarget(choices: readonly Choice[]): Promise<Choice | undefined> {
  if (choices.length <= 1) return choices[0];
  const items = choices.map((choice) => ({
    label: choice.target.name ?? choice.target.target,
    description: choice.target.port === null ? "" : `:${choice.target.port}`,
    detail: `${path.relative(choice.folder.uri.fsPath, choice.target.path)}:${choice.target.line}`,
    choice,
  }));
  const placeHolder = vscode.l10n.t("Which server?");
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.choice;
}

/** The arguments of `portside serve` for this target; what has a name is found in the settings with all it needs. */
export function serveArguments(target: LaunchTarget): [string, ...string[]] {
  return target.name === null ? [target.target, ...launchArguments(target)] : [target.name];
}

/** What to type in a terminal without Portside, in the target's folder. */
export function plainCommand(target: LaunchTarget): string {
  const words =
    target.kind === "script"
      ? ["python", target.target]
      : ["uvicorn", target.target, ...launchArguments(target)];
  return words.map(quote).join(" ");
}

function launchArguments({ kind, appDir, host, port }: LaunchTarget): string[] {
  return [
    ...(kind === "factory" ? ["--factory"] : []),
    ...(appDir === null ? [] : ["--app-dir", appDir]),
    ...(host === null ? [] : ["--host", host]),
    ...(port === null ? [] : ["--port", String(port)]),
  ];
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
