import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import type { Portside } from "./server";
import { type Choice, findWorkspaceTargets, serveArguments } from "./targets";

export const TASK_TYPE = "portside";

/** A `portside serve` in tasks.json; `arguments` follow the target as they would in a terminal. */
export interface ServeDefinition extends vscode.TaskDefinition {
  target: string;
  arguments?: string[];
}

export function serveTask(portside: Portside, { folder, target }: Choice): vscode.Task {
  const [name, ...rest] = serveArguments(target);
  const definition: ServeDefinition = { type: TASK_TYPE, target: name, arguments: rest };
  return taskFrom(portside, definition, folder, target.cwd ?? folder.uri.fsPath);
}

/** Offers a task for each server of the workspace, and completes those of tasks.json. */
export class ServeTasks implements vscode.TaskProvider {
  constructor(private readonly server: LanguageServer) {}

  async provideTasks(): Promise<vscode.Task[]> {
    const choices = await findWorkspaceTargets(this.server);
    const portside = this.server.current;
    return portside ? choices.map((choice) => serveTask(portside, choice)) : [];
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const folder = typeof task.scope === "object" ? task.scope : vscode.workspace.workspaceFolders?.[0];
    if (!(folder && this.server.current)) return undefined;
    return taskFrom(this.server.current, task.definition as ServeDefinition, folder, folder.uri.fsPath);
  }
}

function taskFrom(
  portside: Portside,
  definition: ServeDefinition,
  folder: vscode.WorkspaceFolder,
  cwd: string,
): vscode.Task {
  const [program, ...first] = portside.command;
  const always = vscode.workspace.getConfiguration("portside.serve", folder).get<string[]>("arguments", []);
  const python = ["--python", portside.interpreter.path];
  const args = [...first, "serve", definition.target, ...python, ...(definition.arguments ?? []), ...always];
  const execution = new vscode.ProcessExecution(program, args, { cwd });
  const task = new vscode.Task(definition, folder, `serve ${definition.target}`, "portside", execution);
  task.isBackground = true;
  task.presentationOptions = {
    reveal: vscode.TaskRevealKind.Always,
    panel: vscode.TaskPanelKind.Dedicated,
    clear: true,
    showReuseMessage: false,
  };
  return task;
}
