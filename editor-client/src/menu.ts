import * as vscode from "vscode";
import type { Registry } from "./registry";
import { phaseName } from "./status";

interface Item extends vscode.QuickPickItem {
  command: string;
}

/** What can be done with the dev server as it stands; behind the status bar item. */
export async function showMenu(registry: Registry): Promise<void> {
  const [record] = registry.servers;
  const start: Item = {
    label: `$(play) ${vscode.l10n.t("Start vLLM dev server")}`,
    command: "portside.startDevServer",
  };
  const ofRunning: Item[] = [
    { label: `$(globe) ${vscode.l10n.t("Open in browser")}`, command: "portside.openInBrowser" },
    {
      label: `$(debug-restart) ${vscode.l10n.t("Restart dev server")}`,
      command: "portside.restartDevServer",
    },
    { label: `$(debug-stop) ${vscode.l10n.t("Stop dev server")}`, command: "portside.stopDevServer" },
  ];
  const always: Item[] = [
    { label: `$(clippy) ${vscode.l10n.t("Copy launch command")}`, command: "portside.copyLaunchCommand" },
    { label: `$(output) ${vscode.l10n.t("Show logs")}`, command: "portside.showLogs" },
  ];
  const items = record ? [...ofRunning, start, ...always] : [start, ...always];
  const title = record ? `${record.target} · ${record.url} · ${phaseName(record.phase)}` : "Portside";
  const chosen = await vscode.window.showQuickPick(items, { title });
  if (chosen) await vscode.commands.executeCommand(chosen.command);
}
