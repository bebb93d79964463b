import * as vscode from "vscode";
import type { CodeActionMiddleware } from "vscode-languageclient/node";

/** What some fixes bring along: a text to be shown once they are applied (server/portside/lsp/commands.py). */
const TELL = "portside.tell";

/**
 * Has that text shown from here, by a command of its own for each text.
 *
 * VS Code drops the arguments of a fix's command when the menu of fixes closes. A fix that is looked at in the
 * preview first is applied after that, and would end with "Actual command not found".
 */
export class Telling implements vscode.Disposable {
  private readonly commands = new Map<string, vscode.Disposable & { id: string }>();

  readonly middleware: CodeActionMiddleware = {
    provideCodeActions: async (document, range, context, token, next) => {
      const found = await next(document, range, context, token);
      for (const action of found ?? []) if (action instanceof vscode.CodeAction) this.keep(action);
      return found;
    },
    resolveCodeAction: async (item, token, next) => {
      const action = await next(item, token);
      if (action instanceof vscode.CodeAction) this.keep(action);
      return action;
    },
  };

  dispose(): void {
    for (const command of this.commands.values()) command.dispose();
  }

  private keep(action: vscode.CodeAction): void {
    const [text] = action.command?.arguments ?? [];
    if (action.command?.command !== TELL || typeof text !== "string") return;
    action.command = { title: action.command.title, command: this.commandFor(text) };
  }

  private commandFor(text: string): string {
    const known = this.commands.get(text);
    if (known) return known.id;
    const id = `${TELL}.${this.commands.size}`;
    const show = () => void vscode.window.showInformationMessage(text);
    this.commands.set(text, Object.assign(vscode.commands.registerCommand(id, show), { id }));
    return id;
  }
}
