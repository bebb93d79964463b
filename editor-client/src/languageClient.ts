/**
 * The part that needs vscode-languageclient: a bundle of its own, loaded once the extension is active.
 * Loading it takes longer than everything else that activation does.
 */
import type * as vscode from "vscode";
import {
  CloseAction,
  type CodeActionMiddleware,
  ErrorAction,
  LanguageClient,
} from "vscode-languageclient/node";
import { DOCUMENTS } from "./documents";
import type { Portside } from "./server";

export type { LanguageClient };

export interface ClientOptions {
  /** The extension's commands behind the server's code lenses. */
  commands: { startCommand: string; debugCommand: string };
  log: vscode.LogOutputChannel;
  middleware: CodeActionMiddleware;
  /** Called when a server that has run ends by itself. */
  ended(): void;
}

/**
 * A client for one run of a server.
 *
 * It starts none again by itself: the interpreter may be gone, of which it would say nothing to the user.
 */
export function createClient(portside: Portside, options: ClientOptions): LanguageClient {
  const [command, ...args] = portside.command;
  const { commands, log, middleware, ended } = options;
  let hasRun = false;
  const client = new LanguageClient(
    "portside",
    "Portside",
    { command, args: [...args, "lsp"] },
    {
      documentSelector: DOCUMENTS,
      initializationOptions: commands,
      outputChannel: log,
      initializationFailedHandler: () => false,
      middleware,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          if (hasRun) ended(); // who waits for the first start is told that it failed
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    },
  );
  client.onDidChangeState(() => {
    hasRun ||= client.isRunning();
  });
  return client;
}
