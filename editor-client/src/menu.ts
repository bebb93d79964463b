import * as vscode from "vscode";
import { phaseName } from "./phases";
import { address, isBrowsable, label, type ServerRecord } from "./records";
import type { Registry } from "./registry";

interface Item extends vscode.QuickPickItem {
  command?: string;
  record?: ServerRecord;
}

/** What can be done with each dev server as it stands; behind the status bar item. */
export async function showMenu(registry: Registry): Promise<void> {
  const servers = registry.servers;
  const always: Item[] = [
    item("play", vscode.l10n.t("Start vLLM dev server"), "portside.startDevServer"),
    item("list-tree", vscode.l10n.t("Show ports"), "portside.showPorts"),
    item("clippy", vscode.l10n.t("Copy launch command"), "portside.copyLaunchCommand"),
    item("output", vscode.l10n.t("Show logs of the language server"), "portside.showLogs"),
  ];
  const separator: Item = { label: "", kind: vscode.QuickPickItemKind.Separator };
  const items = servers.length > 0 ? [...servers.flatMap(ofServer), separator, ...always] : always;
  const chosen = await vscode.window.showQuickPick(items, { title: "Portside", matchOnDescription: true });
  if (!chosen?.command) return;
  const row = chosen.record && { record: chosen.record };
  await vscode.commands.executeCommand(chosen.command, row);
}

function ofServer(record: ServerRecord): Item[] {
  const heading = `${label(record)} · ${record.url || address(record)} · ${phaseName(record.phase)}`;
  const browsing = [
    item("globe", vscode.l10n.t("Open in browser"), "portside.openInBrowser", record),
    item("clippy", vscode.l10n.t("Copy URL"), "portside.copyUrl", record),
  ];
  return [
    { label: heading, kind: vscode.QuickPickItemKind.Separator },
    ...(isBrowsable(record) ? browsing : []),
    item("debug-restart", vscode.l10n.t("Restart dev server"), "portside.restartDevServer", record),
    ...(record.engines?.length
      ? [item("chip", vscode.l10n.t("Restart engine"), "portside.restartEngine", record)]
      : []),
    item("debug-stop", vscode.l10n.t("Stop dev server"), "portside.stopDevServer", record),
    item("output", vscode.l10n.t("Show log of the dev server"), "portside.showServerLog", record),
  ];
}

function item(icon: string, text: string, command: string, record?: ServerRecord): Item {
  const found = { label: `$(${icon}) ${text}`, command };
  return record ? { ...found, record, description: address(record) } : found;
}
