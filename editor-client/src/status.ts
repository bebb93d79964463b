import * as vscode from "vscode";
import { serverTooltip } from "./nodes";
import { phaseIcon, phaseName } from "./phases";
import { address, label, type ServerRecord } from "./records";
import type { Registry } from "./registry";

/** The dev server of this window at a glance; one click leads to its menu. */
export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "portside.devServer",
    vscode.StatusBarAlignment.Left,
  );
  private readonly subscription: vscode.Disposable;

  constructor(private readonly registry: Registry) {
    this.item.name = "Portside";
    this.item.command = "portside.devServerMenu";
    this.subscription = registry.onDidChange(() => this.show());
    this.show();
    this.item.show();
  }

  get text(): string {
    return this.item.text;
  }

  dispose(): void {
    this.subscription.dispose();
    this.item.dispose();
  }

  private show(): void {
    const servers = this.registry.servers;
    const [record, ...others] = servers;
    const words = record ? describe(record) : vscode.l10n.t("vLLM: no server");
    const more = others.length > 0 ? ` +${others.length}` : "";
    this.item.text = `${record ? `$(${phaseIcon(record.phase)})` : "$(play)"} ${words}${more}`;
    this.item.tooltip = tooltipOf(servers);
    this.item.accessibilityInformation = { label: `Portside: ${spoken(servers) || words}`, role: "button" };
    this.item.backgroundColor = servers.some(({ phase }) => phase === "failed")
      ? new vscode.ThemeColor("statusBarItem.errorBackground")
      : undefined;
  }
}

function describe(record: ServerRecord): string {
  return `vLLM ${address(record)} ${phaseName(record.phase)}`;
}

function spoken(servers: readonly ServerRecord[]): string {
  return servers.map((record) => `${label(record)}, ${describe(record)}`).join("; ");
}

function tooltipOf(servers: readonly ServerRecord[]): vscode.MarkdownString | string {
  if (servers.length === 0) return vscode.l10n.t("Start vLLM dev server");
  const all = new vscode.MarkdownString(undefined, true);
  for (const [index, record] of servers.entries())
    all.appendMarkdown(`${index > 0 ? "\n\n---\n\n" : ""}${serverTooltip(record).value}`);
  return all;
}
