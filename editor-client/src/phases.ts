import * as vscode from "vscode";
import type { EngineRecord, Phase } from "./records";

const ICONS: Record<Phase, string> = {
  claiming: "plug",
  loading: "loading~spin",
  ready: "check",
  reloading: "sync~spin",
  failed: "error",
  stopping: "debug-stop",
};

const COLORS: Partial<Record<Phase, string>> = {
  ready: "testing.iconPassed",
  failed: "testing.iconFailed",
};

/** The name of a codicon: each phase has a shape of its own, so that colour is never all that tells. */
export function phaseIcon(phase: Phase): string {
  return ICONS[phase] ?? "question";
}

export function phaseThemeIcon(phase: Phase): vscode.ThemeIcon {
  const color = COLORS[phase];
  return new vscode.ThemeIcon(phaseIcon(phase), color ? new vscode.ThemeColor(color) : undefined);
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
    default:
      return phase;
  }
}

/** The name of an engine's phase. */
export function enginePhaseName(phase: EngineRecord["phase"]): string {
  switch (phase) {
    case "starting":
      return vscode.l10n.t("loading");
    case "ready":
      return vscode.l10n.t("kept");
    case "failed":
      return vscode.l10n.t("failed");
    case "lost":
      return vscode.l10n.t("gone");
    case "ending":
      return vscode.l10n.t("stopping");
    default:
      return phase;
  }
}

/** A stretch of time in its largest unit: 40 s, 3 min, 2 h, 5 d. */
export function span(seconds: number): string {
  if (seconds >= 86_400) return vscode.l10n.t("{0} d", Math.floor(seconds / 86_400));
  if (seconds >= 3_600) return vscode.l10n.t("{0} h", Math.floor(seconds / 3_600));
  if (seconds >= 60) return vscode.l10n.t("{0} min", Math.floor(seconds / 60));
  return vscode.l10n.t("{0} s", Math.max(0, Math.floor(seconds)));
}
