import * as vscode from "vscode";
import type { Answer, Question } from "./desk";
import { describeHolders, type Holder } from "./holder";
import { portOf } from "./stopHolder";

/** A port that a dev server wants and can't have. offers: what Portside will do if asked; nothing else is shown. */
interface Conflict extends Question {
  event: "conflict";
  port: number;
  text: string;
  holders: Holder[];
  unseen: string[];
  planned?: { what: string; setting: string };
  offers: Offer[];
}

type Offer =
  | { action: "stop"; pids: number[] }
  | { action: "next"; port: number }
  | { action: "start" | "wait" | "another" };

interface Choice extends vscode.MessageItem {
  offer: Offer;
}

/** Which port conflict the user sees, in a dialog that says who holds the port; its buttons are what is safe. */
export async function askAboutConflict(question: Question): Promise<Answer | undefined> {
  if (question.event !== "conflict") return undefined;
  const conflict = question as Conflict;
  for (;;) {
    const choice = await showConflict(conflict);
    if (!choice) return { action: "quit" };
    if (choice.offer.action !== "another") return { ...choice.offer };
    const port = await askForAnother(conflict.port);
    if (port !== undefined) return { action: "another", port };
  }
}

async function showConflict(conflict: Conflict): Promise<Choice | undefined> {
  const { port, planned, text, holders, unseen } = conflict;
  const title = planned
    ? vscode.l10n.t("Port {0} ({1}) is taken", port, planned.what)
    : vscode.l10n.t("Port {0} is taken", port);
  const detail = [`${text}.`, describeHolders(holders, unseen)].filter(Boolean).join("\n\n");
  const choices = conflict.offers.flatMap(choiceOf);
  return vscode.window.showWarningMessage(title, { modal: true, detail }, ...choices);
}

/** An offer that this version does not know is not shown. */
function choiceOf(offer: Offer): Choice[] {
  switch (offer.action) {
    case "next":
      return [{ title: vscode.l10n.t("Use port {0}", offer.port), offer }];
    case "another":
      return [{ title: vscode.l10n.t("Another port…"), offer }];
    case "stop":
      return [{ title: stopTitle(offer.pids), offer }];
    case "wait":
      return [{ title: vscode.l10n.t("Wait until it is free"), offer }];
    case "start":
      return [{ title: vscode.l10n.t("Start all the same"), offer }];
    default:
      return [];
  }
}

function stopTitle(pids: readonly number[]): string {
  return pids.length === 1
    ? vscode.l10n.t("Stop that process (pid {0})", pids[0] ?? "")
    : vscode.l10n.t("Stop these processes (pids {0})", pids.join(", "));
}

async function askForAnother(taken: number): Promise<number | undefined> {
  const given = await vscode.window.showInputBox({
    title: vscode.l10n.t("Another port…"),
    prompt: vscode.l10n.t("Which port, instead of {0}? 0 takes any that is free.", taken),
    ignoreFocusOut: true,
    validateInput: (text) =>
      text.trim() === "0" || portOf(text) !== undefined ? null : vscode.l10n.t("A number from 0 to 65535"),
  });
  if (given === undefined) return undefined;
  return given.trim() === "0" ? 0 : portOf(given);
}
