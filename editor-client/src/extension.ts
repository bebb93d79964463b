import * as vscode from "vscode";
import { ServerActions } from "./actions";
import { Cli } from "./cli";
import { LanguageServer } from "./client";
import { DEBUG_TARGET, START_TARGET } from "./commands";
import { askAboutConflict } from "./conflicts";
import { Debugging } from "./debugging";
import { Desk } from "./desk";
import { DevServer } from "./devserver";
import { EngineOffer } from "./engineOffer";
import { Explain } from "./explain";
import { Failures } from "./failures";
import { onDidChangeChoice } from "./interpreter";
import { Interpreters } from "./interpreters";
import { showMenu } from "./menu";
import type { LaunchTarget } from "./methods";
import type { Node } from "./nodes";
import type { ServerRecord } from "./records";
import { Registry } from "./registry";
import { ServerLog } from "./serverLog";
import { Status } from "./status";
import { StopHolder } from "./stopHolder";
import { ServeTasks, TASK_TYPE } from "./tasks";
import { ServersView } from "./view";

/** What other extensions, and the tests, may ask this one. */
export interface PortsideApi {
  /** The text of the status bar item, icons in `$(…)`. */
  statusText(): string;
  /** The dev servers of this window's folders. */
  servers(): readonly ServerRecord[];
  /** The rows of the view, as a person sees and hears them. */
  view(): readonly Node[];
  languageServer(): { running: boolean; origin?: string; version?: string; python?: string };
}

let running: LanguageServer | undefined;

/** VS Code waits for this, so that no process outlives the window. */
export function deactivate(): Promise<void> | undefined {
  return running?.stop();
}

export function activate(context: vscode.ExtensionContext): PortsideApi {
  const log = vscode.window.createOutputChannel("Portside", { log: true });
  const server = new LanguageServer(context, log);
  running = server;
  const registry = new Registry(log);
  const cli = new Cli(server, log);
  const desk = new Desk(askAboutConflict, log);
  const interpreters = new Interpreters();
  const tasks = new ServeTasks(server, desk, interpreters);
  const debugging = new Debugging(server, interpreters, desk, registry);
  const devServer = new DevServer(server, tasks);
  const actions = new ServerActions(registry, devServer, cli);
  const serverLog = new ServerLog(server, actions);
  const explain = new Explain(cli);
  const stopHolder = new StopHolder(cli);
  const view = new ServersView(registry, server, cli, log);
  const failures = new Failures(registry, server);
  const status = new Status(registry);
  const engineOffer = new EngineOffer(registry, devServer, tasks);
  const commands: Record<string, (row?: Node) => unknown> = {
    startDevServer: () => devServer.start(),
    debugDevServer: () => debugging.start(),
    stopDevServer: (row) => actions.stop(row),
    restartDevServer: (row) => actions.restart(row),
    devServerMenu: () => showMenu(registry),
    restartEngine: (row) => actions.restartEngine(row),
    openInBrowser: (row) => actions.openInBrowser(row),
    copyUrl: (row) => actions.copyUrl(row),
    showServerLog: (row) => serverLog.show(row),
    showPorts: () => view.reveal(),
    refreshPorts: () => view.refresh(),
    stopHolder: (row) => stopHolder.ask(row),
    explain: () => explain.ask(),
    explainTerminal: () => explain.askOfTerminal(),
    copyLaunchCommand: () => devServer.copyLaunchCommand(),
    fixAll,
    restartLanguageServer: () => server.restart(),
    showLogs: () => log.show(),
  };
  // Not in the palette: a code lens and a row know what to start, a person would have to say.
  const ofTargets = [
    vscode.commands.registerCommand(START_TARGET, (from: LaunchTarget | Node) => {
      const target = targetOf(from);
      return target && devServer.startTarget(target);
    }),
    vscode.commands.registerCommand(DEBUG_TARGET, (from: LaunchTarget | Node) => {
      const target = targetOf(from);
      return target && debugging.startTarget(target);
    }),
  ];
  const registered = Object.entries(commands).map(([name, command]) =>
    vscode.commands.registerCommand(`portside.${name}`, command),
  );
  context.subscriptions.push(
    ...registered,
    ...ofTargets,
    debugging,
    vscode.tasks.registerTaskProvider(TASK_TYPE, tasks),
    restartOnChange(server, interpreters),
    server.onDidStart(() => interpreters.lookAhead()),
    view,
    failures,
    engineOffer,
    explain,
    status,
    serverLog,
    devServer,
    desk,
    registry,
    server,
    log,
  );
  void server.restart();
  return {
    statusText: () => status.text,
    servers: () => registry.servers,
    view: () => view.getChildren(),
    languageServer: () => ({
      running: server.running,
      ...(server.current && {
        origin: server.current.origin,
        version: server.current.version,
        python: server.current.command[0],
      }),
    }),
  };
}

function targetOf(from: LaunchTarget | Node): LaunchTarget | undefined {
  return "item" in from ? from.planned?.target : from;
}

/** The language server belongs to one interpreter and one level of trust. */
function restartOnChange(server: LanguageServer, interpreters: Interpreters): vscode.Disposable {
  const restart = () => {
    interpreters.forget();
    server.restartSoon();
  };
  const choice = onDidChangeChoice(restart);
  return vscode.Disposable.from(
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (["portside.interpreter", "portside.importStrategy"].some((key) => event.affectsConfiguration(key)))
        restart();
    }),
    { dispose: () => void choice.then((disposable) => disposable?.dispose()) },
  );
}

function fixAll(): Thenable<unknown> {
  return vscode.commands.executeCommand("editor.action.codeAction", {
    kind: "source.fixAll.portside",
    apply: "first",
  });
}
