import * as vscode from "vscode";
import { span } from "./phases";

/** A process that holds a port: server/portside/devserver/conflict_lines.py. Its command carries no secrets. */
export interface Holder {
  pid: number;
  command: string;
  user: string;
  mine: boolean;
  age_s: number;
  kind: string;
  note: string;
  inherited_from: number | null;
  guessed: boolean;
}

/** What a user may choose to have ended; Portside itself looks again before it does. */
const STOPPABLE = ["process", "dev server", "earlier run", "tunnel"];

export function mayBeStopped({ kind, guessed }: Holder): boolean {
  return STOPPABLE.includes(kind) && !guessed;
}

/** Whose it is and since when: `pid 41233, yours, started 14 min ago`. */
export function ownership(holder: Holder): string {
  const whose = holder.mine ? vscode.l10n.t("yours") : vscode.l10n.t("of {0}", holder.user);
  return vscode.l10n.t("pid {0}, {1}, started {2} ago", holder.pid, whose, span(holder.age_s));
}

/** The command as one would call it: its program without the folder. */
export function shortCommand({ command }: Holder): string {
  const [program = "", ...rest] = command.split(" ");
  return [program.slice(program.lastIndexOf("/") + 1), ...rest].join(" ");
}

/** Each holder in two lines, for a dialog. unseen: users whose processes are out of sight. */
export function describeHolders(holders: readonly Holder[], unseen: readonly string[] = []): string {
  const lines = holders.flatMap((holder) => [
    holder.command,
    `    ${ownership(holder)}`,
    ...(holder.note ? [`    ${holder.note}`] : []),
  ]);
  const hidden = unseen.map((user) => vscode.l10n.t("A process of {0} that is not visible from here", user));
  return [...lines, ...hidden].join("\n");
}
