import * as vscode from "vscode";
import { withOption } from "./arguments";
import { type DevServer, isAllowed } from "./devserver";
import { label, type Offer, type ServerRecord } from "./records";
import type { Registry } from "./registry";
import type { ServeTasks } from "./tasks";

const KEEP_ENGINE = "--keep-engine";

/** Asks once for each server of this window's folders whether to keep its engine, after a reload that loaded it again. */
export class EngineOffer implements vscode.Disposable {
  private readonly asked = new Set<string>();
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly registry: Registry,
    private readonly devServer: DevServer,
    private readonly tasks: ServeTasks,
  ) {
    this.subscription = registry.onDidChange(() => this.look());
    this.look();
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private look(): void {
    for (const record of this.registry.servers) {
      const { offer, folder, target } = record;
      const server = `${folder}\n${target}`;
      if (offer?.what !== "keep-engine" || this.asked.has(server) || !isWanted()) continue;
      this.asked.add(server);
      void this.ask(record, offer);
    }
  }

  private async ask(record: ServerRecord, { seconds }: Offer): Promise<void> {
    const keep = vscode.l10n.t("Keep the engine");
    const never = vscode.l10n.t("Don't ask again");
    const message = vscode.l10n.t(
      "{0} s of the last reload of {1} went to loading the same engine again. It can be kept over edits.",
      Math.round(seconds),
      label(record),
    );
    const choice = await vscode.window.showInformationMessage(message, keep, never);
    if (choice === keep) await this.keep(record);
    else if (choice === never)
      await vscode.workspace
        .getConfiguration("portside.serve")
        .update("offerToKeepEngine", false, vscode.ConfigurationTarget.Global);
  }

  /** Effect: changes the folder's settings; a server that is a task of this window begins again with them. */
  private async keep(record: ServerRecord): Promise<void> {
    if (!isAllowed()) return;
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(record.folder));
    const settings = vscode.workspace.getConfiguration("portside.serve", folder);
    const always = withOption(settings.get<string[]>("arguments", []), KEEP_ENGINE);
    const target = folder ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Workspace;
    await settings.update("arguments", always, target);
    const execution = this.devServer.executionOf(record.pid);
    const task = execution && (await this.tasks.resolveTask(execution.task));
    if (execution && task) await this.devServer.restart(execution, task);
    else
      void vscode.window.showInformationMessage(
        vscode.l10n.t("{0} keeps its engine when you start it with {1}.", label(record), KEEP_ENGINE),
      );
  }
}

function isWanted(): boolean {
  return vscode.workspace.getConfiguration("portside.serve").get("offerToKeepEngine", true);
}
