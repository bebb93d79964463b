import * as vscode from "vscode";
import { LanguageServer } from "./client";
import { DevServer } from "./devserver";
import { onDidChangeChoice } from "./interpreter";
import { showMenu } from "./menu";
import type { LaunchTarget } from "./methods";
import { Registry, type ServerRecord } from "./registry";
import { Status } from "./status";
import { START_TARGET } from "./targets";
import { ServeTasks, TASK_TYPE } from "./tasks";

/** What other extensions, and the tests, may ask this one. */
export interface PortsideApi {
  /** The text of the status bar item, icons in `$(…)`. */
  statusText(): string;
  servers(): readonly ServerRecord[];
  languageServer(): { running: boolean; origin?: string; version?: string; python?: string };
}

export function activate(context: vscode.ExtensionContext): PortsideApi {
  const log = vscode.window.createOutputChannel("Portside", { log: true });
  const server = new LanguageServer(context, log);
  const registry = new Registry(log);
  const devServer = new DevServer(server, registry);
  const status = new Status(registry);
  const commands = {
    startDevServer: () => devServer.start(),
    stopDevServer: () => devServer.stop(),
    restartDevServer: () => devServer.restart(),
    devServerMenu: () => showMenu(registry),
    openInBrowser: () => devServer.openInBrowser(),
    copyLaunchCommand: () => devServer.copyLaunchCommand(),
    fixAll,
    restartLanguageServer: () => server.restart(),
    showLogs: () => log.show(),
  };
  // Not in the palette: a code lens knows what to start, a person would have to say.
  const startTarget = vscode.commands.registerCommand(START_TARGET, (target: LaunchTarget) =>
    devServer.startTarget(target),
  );
  const registered = Object.entries(commands).map(([name, command]) =>
    vscode.commands.registerCommand(`portside.${name}`, command),
  );
  context.subscriptions.push(
    ...registered,
    startTarget,
    vscode.tasks.registerTaskProvider(TASK_TYPE, new ServeTasks(server)),
    restartOnChange(server),
    status,
    devServer,
    registry,
    server,
    log,
  );
  void server.restart();
  return {
    statusText: () => status.text,
    servers: () => registry.servers,
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

/** The language server belongs to one interpreter and one level of trust. */
function restartOnChange(server: LanguageServer): vscode.Disposable {
  const restart = () => void server.restart();
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
