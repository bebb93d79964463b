/**
 * The part that needs vscode-languageclient: a bundle of its own, loaded once the extension is active.
 * Loading it takes longer than everything else that activation does.
 */
import * as vscode from "vscode";
import {
  CloseAction,
  type CodeActionMiddleware,
  ErrorAction,
  LanguageClient,
} from "vscode-languageclient/node";
import { Crashes } from "./crashes";
import { DOCUMENTS } from "./documents";
import type { Portside } from "./server";

export type { LanguageClient };

/** A server that ends this often within this time is left alone until the user asks for it again. */
const CRASHES = 4;
const CRASH_WINDOW_MS = 180_000;

export interface ClientOptions {
  /** The extension's commands behind the server's code lenses. */
  commands: { startCommand: string; debugCommand: string };
  log: vscode.LogOutputChannel;
  middleware: CodeActionMiddleware;
  /** Called when it has ended too often. */
  gaveUp(message: string): void;
}

/** A client for a server that is started again when it ends, a few times. */
export function createClient(portside: Portside, options: ClientOptions): LanguageClient {
  const [command, ...args] = portside.command;
  const { commands, log, middleware, gaveUp } = options;
  const crashes = new Crashes(CRASHES, CRASH_WINDOW_MS);
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
          // Whoever waits for the first start is told that it failed.
          if (!hasRun) return { action: CloseAction.DoNotRestart, handled: true };
          if (!crashes.add(Date.now())) return { action: CloseAction.Restart, handled: true };
          gaveUp(vscode.l10n.t("The language server ended {0} times within 3 minutes.", CRASHES));
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
