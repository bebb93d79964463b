import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import type { Desk } from "./desk";
import type { Interpreters } from "./interpreters";
import type { Portside } from "./server";
import { type Choice, findWorkspaceTargets, serveArguments } from "./targets";

export const TASK_TYPE = "portside";

/** Tells when it is ready: for tasks that others wait for, `preLaunchTask` above all. */
const MATCHER = "$portside";

/** A `portside serve` in tasks.json; `arguments` follow the target as they would in a terminal. */
export interface ServeDefinition extends vscode.TaskDefinition {
  target: string;
  arguments?: string[];
}

/** Offers a task for each server of the workspace, and completes those of tasks.json. */
export class ServeTasks implements vscode.TaskProvider {
  constructor(
    private readonly server: LanguageServer,
    private readonly desk: Desk,
    private readonly interpreters: Interpreters,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    const choices = await findWorkspaceTargets(this.server);
    const tasks = await Promise.allSettled(choices.map((choice) => this.serve(choice)));
    // One folder's setting that names no Python is told when its own server is started.
    return tasks.flatMap((task) => (task.status === "fulfilled" && task.value ? [task.value] : []));
  }

  async resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
    const folder = typeof task.scope === "object" ? task.scope : vscode.workspace.workspaceFolders?.[0];
    if (!(folder && this.server.current)) return undefined;
    return this.from(this.server.current, task.definition as ServeDefinition, folder, folder.uri.fsPath);
  }

  /** undefined: no Portside has been found. */
  async serve({ folder, target }: Choice): Promise<vscode.Task | undefined> {
    if (!this.server.current) return undefined;
    const [name, ...rest] = serveArguments(target);
    const definition: ServeDefinition = { type: TASK_TYPE, target: name, arguments: rest };
    return this.from(this.server.current, definition, folder, target.cwd ?? folder.uri.fsPath);
  }

  private async from(
    portside: Portside,
    definition: ServeDefinition,
    folder: vscode.WorkspaceFolder,
    cwd: string,
  ): Promise<vscode.Task> {
    const [program, ...first] = portside.command;
    const settings = vscode.workspace.getConfiguration("portside.serve", folder);
    const always = settings.get<string[]>("arguments", []);
    const interpreter = (await this.interpreters.of(folder)) ?? portside.interpreter;
    const python = ["--python", interpreter.path];
    const given = definition.arguments ?? [];
    const args = [...first, "serve", definition.target, ...python, ...given, ...always];
    // Where it asks what to do about a port that is taken: a dialog here, instead of a line in the terminal.
    const asks = this.desk.address;
    const execution = new vscode.ProcessExecution(program, args, {
      cwd,
      ...(asks && { env: { PORTSIDE_ASK: asks } }),
    });
    const name = `serve ${definition.target}`;
    const task = new vscode.Task(definition, folder, name, "portside", execution, MATCHER);
    task.isBackground = true;
    task.detail = vscode.l10n.t("Dev server that reloads on each save");
    task.presentationOptions = {
      reveal: vscode.TaskRevealKind.Always,
      panel: vscode.TaskPanelKind.Dedicated,
      clear: true,
      echo: false, // serve says what it runs, in a line that can be read
      showReuseMessage: false,
    };
    return task;
  }
}
