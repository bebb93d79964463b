import * as vscode from "vscode";
import { discardBundled } from "./bundled";
import { DEBUG_TARGET, START_TARGET } from "./commands";
import { Crashes } from "./crashes";
import type { LanguageClient } from "./languageClient";
import { LAUNCH_TARGETS, type LaunchTarget, type LaunchTargetsParams } from "./methods";
import { findPortside, isSkewed, type Portside } from "./server";
import { Telling } from "./telling";

/** A server that ends this often within this time is left alone until the user asks for it again. */
const CRASHES = 4;
const CRASH_WINDOW_MS = 180_000;
/** What happens at once changes several things: trust also brings settings into force. */
const SETTLE_MS = 150;

/** The language server of this window: one at a time, started and stopped one after the other. */
export class LanguageServer implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private portside: Portside | undefined;
  private queue: Promise<void> = Promise.resolve();
  private settling: NodeJS.Timeout | undefined;
  private crashes = new Crashes(CRASHES, CRASH_WINDOW_MS);
  private readonly telling = new Telling();
  private readonly started = new vscode.EventEmitter<void>();

  readonly onDidStart = this.started.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The Portside in use; undefined until one was found. */
  get current(): Portside | undefined {
    return this.portside;
  }

  /** The same, once a start that is under way has found it. */
  async found(): Promise<Portside | undefined> {
    await this.queue;
    return this.portside;
  }

  get running(): boolean {
    return this.client?.isRunning() ?? false;
  }

  /** Effect: looks for the interpreter and Portside again and starts the server with what it finds. */
  restart(): Promise<void> {
    clearTimeout(this.settling);
    this.crashes = new Crashes(CRASHES, CRASH_WINDOW_MS);
    return this.enqueue();
  }

  /** The same soon, once for all calls of a moment. */
  restartSoon(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => void this.restart(), SETTLE_MS);
  }

  /** Waits for a start that is under way, so that a command given early does not fail. */
  async launchTargets(params: LaunchTargetsParams): Promise<LaunchTarget[]> {
    await this.queue;
    if (!(this.client && this.running)) return [];
    return this.client.sendRequest<LaunchTarget[]>(LAUNCH_TARGETS, params);
  }

  dispose(): void {
    clearTimeout(this.settling);
    this.started.dispose();
    this.telling.dispose();
    void this.stop();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      this.log.debug(`The language server did not stop in good order: ${error}`);
    }
  }

  private enqueue(): Promise<void> {
    this.queue = this.queue.then(() => this.replace());
    return this.queue;
  }

  /** After a crash: with what is found now, since the interpreter may be what has gone. */
  private startAgain(): void {
    if (!this.crashes.add(Date.now())) void this.enqueue();
    else this.report(vscode.l10n.t("The language server ended {0} times within 3 minutes.", CRASHES));
  }

  private async replace(): Promise<void> {
    await this.stop();
    try {
      this.portside = await findPortside(this.context, activeResource(), this.log);
      const { createClient } = await import("./languageClient.js");
      this.client = createClient(this.portside, {
        commands: { startCommand: START_TARGET, debugCommand: DEBUG_TARGET },
        log: this.log,
        middleware: this.telling.middleware,
        ended: () => this.startAgain(),
      });
      await this.start(this.client);
      this.log.info(
        `The language server runs: Portside ${this.client.initializeResult?.serverInfo?.version}`,
      );
      this.started.fire();
      this.warnOfSkew(this.portside);
    } catch (error) {
      this.report(error instanceof Error ? error.message : String(error));
    }
  }

  private async start(client: LanguageClient): Promise<void> {
    try {
      await client.start();
    } catch (error) {
      this.log.error(String(error));
      if (this.portside?.origin === "bundled") await discardBundled(this.context, this.portside.command[0]);
      throw new Error(vscode.l10n.t("The language server could not be started; its log tells why."));
    }
  }

  private report(message: string): void {
    this.log.error(message);
    const restart = vscode.l10n.t("Try again");
    const logs = vscode.l10n.t("Show logs");
    void vscode.window.showErrorMessage(`Portside: ${message}`, restart, logs).then((choice) => {
      if (choice === restart) void this.restart();
      if (choice === logs) this.log.show();
    });
  }

  private warnOfSkew(portside: Portside): void {
    const own = (this.context.extension.packageJSON as { version: string }).version;
    if (!isSkewed(portside.version, own)) return;
    const message = vscode.l10n.t(
      "Portside {0} in {1} and the extension {2} differ. Some functions may be missing; install portside=={2} there, or use the bundled server.",
      portside.version,
      portside.interpreter.path,
      own,
    );
    this.log.warn(message);
    const bundled = vscode.l10n.t("Use the bundled server");
    void vscode.window.showWarningMessage(message, bundled).then((choice) => {
      if (choice === bundled)
        void vscode.workspace.getConfiguration("portside").update("importStrategy", "useBundled");
    });
  }
}

function activeResource(): vscode.Uri | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  const inWorkspace = active && vscode.workspace.getWorkspaceFolder(active);
  return inWorkspace ? active : vscode.workspace.workspaceFolders?.[0]?.uri;
}
