import * as vscode from "vscode";
import { attachConfigurations } from "./attaching";
import type { LanguageServer } from "./client";
import { DebugAdapters, onDebugpyMissing } from "./debugAdapter";
import { configurationOf, DebugConfigurations, TYPE } from "./debugConfigurations";
import type { Desk } from "./desk";
import { isAllowed } from "./devserver";
import type { Interpreters } from "./interpreters";
import type { LaunchTarget } from "./methods";
import type { Registry } from "./registry";
import { type Choice, chooseTarget, findTargets } from "./targets";

/** The debug type "Debug vLLM dev server": its configurations, its adapter, and what starts it. */
export class Debugging implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly server: LanguageServer,
    interpreters: Interpreters,
    desk: Desk,
    registry: Registry,
  ) {
    const { Dynamic, Initial } = vscode.DebugConfigurationProviderTriggerKind;
    const configurations = new DebugConfigurations(server, interpreters, desk, registry);
    this.subscriptions = vscode.Disposable.from(
      vscode.debug.registerDebugConfigurationProvider(TYPE, configurations, Initial),
      vscode.debug.registerDebugConfigurationProvider(
        TYPE,
        {
          provideDebugConfigurations: async (folder) => [
            ...(await configurations.provideDebugConfigurations(folder)),
            ...attachConfigurations(registry),
          ],
        },
        Dynamic,
      ),
      vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, new DebugAdapters(server)),
      onDebugpyMissing(),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  /** The server of the active file, else of its folder; asks which where there are several. */
  async start(): Promise<void> {
    if (!isAllowed()) return;
    const choices = await findTargets(this.server);
    if (choices.length === 0) {
      // The configuration's own resolver says why, as it does for F5.
      await vscode.debug.startDebugging(undefined, { type: TYPE, name: "", request: "" });
      return;
    }
    const choice = await chooseTarget(choices);
    if (choice) await debug(choice);
  }

  /** What a code lens stands on. */
  async startTarget(target: LaunchTarget): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(target.path));
    if (isAllowed() && folder) await debug({ folder, target });
  }
}

async function debug(choice: Choice): Promise<void> {
  await vscode.debug.startDebugging(choice.folder, configurationOf(choice));
}
