import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import type { LaunchTarget } from "./methods";
import { type Choice, chooseTarget, findTargets, plainCommand } from "./targets";
import type { ServeTasks } from "./tasks";
import { TASK_TYPE } from "./tasks";

/** How long a dev server may take to stop its processes before its terminal is closed. */
const STOP_MS = 15_000;

/** The dev servers that run as tasks of this window. What runs and how it ends is the business of `portside serve`. */
export class DevServer implements vscode.Disposable {
  private readonly pids = new Map<vscode.TaskExecution, number>();
  private readonly ending = new Map<vscode.TaskExecution, Promise<void>>();
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly server: LanguageServer,
    private readonly tasks: ServeTasks,
  ) {
    this.subscriptions = vscode.Disposable.from(
      vscode.tasks.onDidStartTaskProcess(({ execution, processId }) => this.pids.set(execution, processId)),
      vscode.tasks.onDidEndTask(({ execution }) => this.pids.delete(execution)),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  get executions(): readonly vscode.TaskExecution[] {
    return vscode.tasks.taskExecutions.filter(({ task }) => task.definition.type === TASK_TYPE);
  }

  /** The task whose process it is. */
  executionOf(pid: number): vscode.TaskExecution | undefined {
    return this.executions.find((execution) => this.pids.get(execution) === pid);
  }

  async start(): Promise<void> {
    if (!isAllowed()) return;
    const choices = await findTargets(this.server);
    if (choices.length === 0) return this.reportNothing();
    const choice = await chooseTarget(choices);
    if (choice) await this.startChosen(choice);
  }

  /** What a code lens, or a row of the view, stands for. */
  async startTarget(target: LaunchTarget): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(target.path));
    if (isAllowed() && folder) await this.startChosen({ folder, target });
  }

  /** task: what is started instead, if not the same again. */
  async restart(execution: vscode.TaskExecution, task: vscode.Task = execution.task): Promise<void> {
    await this.end(execution);
    await this.execute(task);
  }

  async copyLaunchCommand(): Promise<void> {
    const choices = await findTargets(this.server);
    if (choices.length === 0) return this.reportNothing();
    const choice = await chooseTarget(choices);
    if (!choice) return;
    const command = plainCommand(choice.target);
    await vscode.env.clipboard.writeText(command);
    void vscode.window.showInformationMessage(vscode.l10n.t("Copied: {0}", command));
  }

  /**
   * Ctrl-C in its terminal, so that the user reads there how it ended; waits for that end.
   * Closes the terminal, which serve takes for a hang-up, where the time is up.
   */
  end(execution: vscode.TaskExecution): Promise<void> {
    const ending = this.ending.get(execution) ?? this.interrupt(execution);
    this.ending.set(execution, ending);
    return ending.finally(() => this.ending.delete(execution));
  }

  private async interrupt(execution: vscode.TaskExecution): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      const subscription = vscode.tasks.onDidEndTask((event) => {
        if (event.execution !== execution) return;
        subscription.dispose();
        resolve();
      });
    });
    const terminal = await this.terminalOf(execution);
    if (terminal) terminal.sendText("\u0003", false);
    else execution.terminate();
    const timer = setTimeout(() => execution.terminate(), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  async terminalOf(execution: vscode.TaskExecution): Promise<vscode.Terminal | undefined> {
    const pid = this.pids.get(execution);
    const terminals = await Promise.all(
      vscode.window.terminals.map(async (terminal) => ({ terminal, pid: await terminal.processId })),
    );
    return terminals.find((each) => pid !== undefined && each.pid === pid)?.terminal;
  }

  private async startChosen(choice: Choice): Promise<void> {
    const task = await this.tasks.serve(choice);
    if (!task) return;
    const running = this.executions.find(
      ({ task: { name, scope } }) => name === task.name && scope === task.scope,
    );
    const ending = running && this.ending.get(running);
    if (running && !ending) return this.reportRunning(running);
    await ending; // its record and its port go before its terminal is told
    await this.execute(task);
  }

  private async execute(task: vscode.Task): Promise<void> {
    const save = vscode.workspace.getConfiguration("portside.serve").get("saveBeforeStart", true);
    const dirty = vscode.workspace.textDocuments.some((document) => document.isDirty && !document.isUntitled);
    if (save && dirty) await vscode.workspace.saveAll(false); // a round trip to the window, even for nothing
    await vscode.tasks.executeTask(task);
  }

  private async reportRunning(execution: vscode.TaskExecution): Promise<void> {
    (await this.terminalOf(execution))?.show(true);
    const restart = vscode.l10n.t("Restart");
    const message = vscode.l10n.t("{0} already runs.", execution.task.name);
    if ((await vscode.window.showInformationMessage(message, restart)) === restart)
      await this.restart(execution);
  }

  private reportNothing(): void {
    const message = this.server.running
      ? vscode.l10n.t(
          "No server was found: neither an ASGI app such as app = FastAPI() nor a script that launches one.",
        )
      : vscode.l10n.t("The language server does not run; its log tells why.");
    void vscode.window.showWarningMessage(`Portside: ${message}`);
  }
}

/** Whether anything may be started or stopped here; says so where not. */
export function isAllowed(): boolean {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t("Manage trust");
  const message = vscode.l10n.t("Portside starts nothing in a folder that is not trusted.");
  void vscode.window.showWarningMessage(message, manage).then((choice) => {
    if (choice === manage) void vscode.commands.executeCommand("workbench.trust.manage");
  });
  return false;
}
