import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import type { LaunchTarget } from "./methods";
import type { Registry, ServerRecord } from "./registry";
import { type Choice, chooseTarget, findTargets, plainCommand } from "./targets";
import { serveTask, TASK_TYPE } from "./tasks";

/** How long a dev server may take to stop its processes before its terminal is closed. */
const STOP_MS = 15_000;

/** The commands around `portside serve`. What runs and how it ends is the business of serve. */
export class DevServer implements vscode.Disposable {
  private readonly pids = new Map<vscode.TaskExecution, number>();
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly server: LanguageServer,
    private readonly registry: Registry,
  ) {
    this.subscriptions = vscode.Disposable.from(
      vscode.tasks.onDidStartTaskProcess(({ execution, processId }) => this.pids.set(execution, processId)),
      vscode.tasks.onDidEndTask(({ execution }) => this.pids.delete(execution)),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  async start(): Promise<void> {
    if (!isAllowed()) return;
    const choices = await findTargets(this.server);
    if (choices.length === 0) return this.reportNothing();
    const choice = await chooseTarget(choices);
    if (choice) await this.startChosen(choice);
  }

  /** What a code lens stands on. */
  async startTarget(target: LaunchTarget): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(target.path));
    if (isAllowed() && folder) await this.startChosen({ folder, target });
  }

  private async startChosen(choice: Choice): Promise<void> {
    if (!this.server.current) return;
    const task = serveTask(this.server.current, choice);
    const running = runningTasks().find(
      ({ task: { name, scope } }) => name === task.name && scope === task.scope,
    );
    if (running) return this.reportRunning(running);
    await this.execute(task);
  }

  /** Stops the one that runs here; asks which where there are several. */
  async stop(): Promise<void> {
    const execution = await chooseExecution();
    if (execution) await this.end(execution);
    else this.reportElsewhere();
  }

  async restart(): Promise<void> {
    if (!isAllowed()) return;
    const execution = await chooseExecution();
    if (!execution) return this.registry.servers.length > 0 ? this.reportElsewhere() : this.start();
    await this.end(execution);
    await this.execute(execution.task);
  }

  async openInBrowser(): Promise<void> {
    const record = await chooseServer(this.registry.servers);
    if (!record) {
      reportNone();
      return;
    }
    const url = await vscode.env.asExternalUri(vscode.Uri.parse(record.url));
    await vscode.env.openExternal(url);
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

  private async execute(task: vscode.Task): Promise<void> {
    const save = vscode.workspace.getConfiguration("portside.serve").get("saveBeforeStart", true);
    if (save) await vscode.workspace.saveAll(false);
    await vscode.tasks.executeTask(task);
  }

  /**
   * Ctrl-C in its terminal, so that the user reads there how it ended; waits for that end.
   * Closes the terminal, which serve takes for a hang-up, where the time is up.
   */
  private async end(execution: vscode.TaskExecution): Promise<void> {
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

  private async terminalOf(execution: vscode.TaskExecution): Promise<vscode.Terminal | undefined> {
    const pid = this.pids.get(execution);
    const terminals = await Promise.all(
      vscode.window.terminals.map(async (terminal) => ({ terminal, pid: await terminal.processId })),
    );
    return terminals.find((each) => pid !== undefined && each.pid === pid)?.terminal;
  }

  private async reportRunning(execution: vscode.TaskExecution): Promise<void> {
    (await this.terminalOf(execution))?.show(true);
    const restart = vscode.l10n.t("Restart");
    const message = vscode.l10n.t("{0} already runs.", execution.task.name);
    if ((await vscode.window.showInformationMessage(message, restart)) !== restart) return;
    await this.end(execution);
    await this.execute(execution.task);
  }

  private reportNothing(): void {
    const message = this.server.running
      ? vscode.l10n.t(
          "No server was found: neither an ASGI app such as app = FastAPI() nor a script that launches one.",
        )
      : vscode.l10n.t("The language server does not run; its log tells why.");
    void vscode.window.showWarningMessage(`Portside: ${message}`);
  }

  private reportElsewhere(): void {
    const [record] = this.registry.servers;
    if (record) void vscode.window.showInformationMessage(elsewhere(record));
    else reportNone();
  }
}

function elsewhere({ target, pid }: ServerRecord): string {
  return vscode.l10n.t(
    "{0} was started outside of this window (pid {1}). End it there with Ctrl-C.",
    target,
    pid,
  );
}

function reportNone(): void {
  void vscode.window.showInformationMessage(vscode.l10n.t("No dev server runs in this folder."));
}

function isAllowed(): boolean {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t("Manage trust");
  const message = vscode.l10n.t("Portside starts nothing in a folder that is not trusted.");
  void vscode.window.showWarningMessage(message, manage).then((choice) => {
    if (choice === manage) void vscode.commands.executeCommand("workbench.trust.manage");
  });
  return false;
}

function runningTasks(): vscode.TaskExecution[] {
  return vscode.tasks.taskExecutions.filter(({ task }) => task.definition.type === TASK_TYPE);
}

async function chooseExecution(): Promise<vscode.TaskExecution | undefined> {
  const running = runningTasks();
  if (running.length <= 1) return running[0];
  const items = running.map((execution) => ({ label: execution.task.name, execution }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t("Which server?") }))
    ?.execution;
}

async function chooseServer(servers: readonly ServerRecord[]): Promise<ServerRecord | undefined> {
  if (servers.length <= 1) return servers[0];
  const items = servers.map((record) => ({ label: record.target, description: record.url, record }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t("Which server?") }))?.record;
}
