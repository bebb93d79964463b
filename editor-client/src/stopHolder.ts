import * as vscode from "vscode";
import type { Cli } from "./cli";
import { isAllowed } from "./devserver";
import { describeHolders, type Holder } from "./holder";

/** What `portside free PORT --output-format json` prints. steps: what it would do; refused: why it must not. */
interface Freeing {
  text: string;
  holders: Holder[];
  unseen: string[];
  steps: string[];
  refused: string[];
  ended: number[];
  free: boolean;
}

/** A row of the view: the port is known there. */
export interface PortRow {
  port?: number;
}

/** "Stop process holding port…": says who it is and ends that, and nothing else, once the user has confirmed it. */
export class StopHolder {
  constructor(private readonly cli: Cli) {}

  async ask(row?: PortRow): Promise<void> {
    if (!isAllowed()) return;
    const port = row?.port ?? (await askForPort());
    if (port === undefined) return;
    try {
      await this.freeAfterConsent(port);
    } catch (error) {
      void vscode.window.showErrorMessage(`Portside: ${error instanceof Error ? error.message : error}`);
    }
  }

  private async freeAfterConsent(port: number): Promise<void> {
    const found = await this.cli.json<Freeing>(["free", String(port), "--dry-run"]);
    if (found.free) {
      void vscode.window.showInformationMessage(vscode.l10n.t("Port {0} is free.", port));
      return;
    }
    if (found.steps.length === 0) return tellRefusal(port, found);
    if (!(await confirm(port, found))) return;
    await this.free(port, found);
  }

  private async free(port: number, { holders }: Freeing): Promise<void> {
    // Whoever has come to hold the port meanwhile was not chosen: Portside then does nothing and says so.
    const chosen = holders.flatMap(({ pid }) => ["--only", String(pid)]);
    const title = vscode.l10n.t("Freeing port {0}", port);
    const location = vscode.ProgressLocation.Notification;
    const done = await vscode.window.withProgress({ location, title }, () =>
      this.cli.json<Freeing>(["free", String(port), "--yes", ...chosen]),
    );
    if (done.free)
      void vscode.window.showInformationMessage(
        vscode.l10n.t("Port {0} is free; ended pid {1}.", port, done.ended.join(", ")),
      );
    else tellRefusal(port, done);
  }
}

async function askForPort(): Promise<number | undefined> {
  const given = await vscode.window.showInputBox({
    title: vscode.l10n.t("Stop process holding port…"),
    prompt: vscode.l10n.t("Which port? You see who holds it before anything is stopped."),
    placeHolder: "8000",
    validateInput: (text) => (portOf(text) === undefined ? vscode.l10n.t("A number from 1 to 65535") : null),
  });
  return given === undefined ? undefined : portOf(given);
}

/** undefined: it is no port. */
export function portOf(text: string): number | undefined {
  const number = Number(text.trim());
  return /^\d+$/.test(text.trim()) && number >= 1 && number <= 65_535 ? number : undefined;
}

async function confirm(port: number, { holders, unseen, steps }: Freeing): Promise<boolean> {
  const stop = vscode.l10n.t("Stop it");
  const detail = `${describeHolders(holders, unseen)}\n\n${steps.join("\n")}`;
  const question = vscode.l10n.t("Stop what holds port {0}?", port);
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, stop)) === stop;
}

function tellRefusal(port: number, { text, refused, holders, unseen }: Freeing): void {
  const detail = [describeHolders(holders, unseen), ...refused].filter(Boolean).join("\n\n") || text;
  const message = vscode.l10n.t("Port {0} is not free, and Portside stops nothing there.", port);
  void vscode.window.showWarningMessage(message, { modal: true, detail });
}
