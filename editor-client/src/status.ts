import * as vscode from "vscode";
import type { Phase, Registry, ServerRecord } from "./registry";

const ICONS: Record<Phase, string> = {
  claiming: "$(plug)",
  loading: "$(loading~spin)",
  ready: "$(check)",
  reloading: "$(sync~spin)",
  failed: "$(error)",
  stopping: "$(debug-stop)",
};

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
    const [record, ...others] = this.registry.servers;
    const words = record ? describe(record) : vscode.l10n.t("vLLM: no server");
    const more = others.length > 0 ? ` +${others.length}` : "";
    this.item.text = `${record ? ICONS[record.phase] : "$(play)"} ${words}${more}`;
    this.item.tooltip =
      this.registry.servers.map(tooltip).join("\n") || vscode.l10n.t("Start vLLM dev server");
    this.item.accessibilityInformation = { label: `Portside: ${words}${more}`, role: "button" };
    this.item.backgroundColor =
      record?.phase === "failed" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
  }
}

export function phaseName(phase: Phase): string {
  switch (phase) {
    case "claiming":
      return vscode.l10n.t("claiming the port");
    case "loading":
      return vscode.l10n.t("loading");
    case "ready":
      return vscode.l10n.t("ready");
    case "reloading":
      return vscode.l10n.t("reloading");
    case "failed":
      return vscode.l10n.t("failed");
    case "stopping":
      return vscode.l10n.t("stopping");
  }
}

function describe({ port, phase }: ServerRecord): string {
  return `vLLM :${port} ${phaseName(phase)}`;
}

function tooltip(record: ServerRecord): string {
  const message = record.message ? `\n${record.message}` : "";
  return `${record.target} · ${record.url} · ${phaseName(record.phase)} · pid ${record.pid}${message}`;
}
