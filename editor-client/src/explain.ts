import * as vscode from "vscode";
import type { Cli } from "./cli";
import { type Failure, pageOf } from "./failure";

const SCHEME = "portside-explained";
const DOCUMENT = vscode.Uri.from({ scheme: SCHEME, path: "/Explained.md" });

interface Explained {
  failures: Failure[];
}

interface Source extends vscode.QuickPickItem {
  text: string;
}

/** "Explain error…": what `portside explain` makes of a selection, of the terminal or of the clipboard, as a page. */
export class Explain implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  private page = "";

  readonly onDidChange = this.changed.event;

  constructor(private readonly cli: Cli) {}

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }

  provideTextDocumentContent(): string {
    return this.page;
  }

  async ask(): Promise<void> {
    const text = await chooseText();
    if (text) await this.explain(text);
  }

  /** From the menu of a terminal: what is selected there. */
  async askOfTerminal(): Promise<void> {
    const text = await terminalSelection();
    await (text ? this.explain(text) : this.ask());
  }

  private async explain(text: string): Promise<void> {
    try {
      const cwd = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
      const options = { input: text, ...(cwd && { cwd }) };
      const { failures } = await this.cli.json<Explained>(["explain", "-"], options);
      await this.show(pageFor(failures));
    } catch (error) {
      void vscode.window.showErrorMessage(`Portside: ${error instanceof Error ? error.message : error}`);
    }
  }

  private async show(page: string): Promise<void> {
    this.page = page;
    this.changed.fire(DOCUMENT);
    await vscode.commands.executeCommand("markdown.showPreview", DOCUMENT);
  }
}

/** The selection of the editor, the clipboard, or what is typed: the user says which. */
async function chooseText(): Promise<string | undefined> {
  const clipboard = await vscode.env.clipboard.readText();
  const sources = [
    source(vscode.l10n.t("Selection in the editor"), editorSelection()),
    source(vscode.l10n.t("Clipboard"), clipboard),
  ].filter(({ text }) => text.trim());
  const typed = { label: vscode.l10n.t("Type or paste it…"), text: "" };
  const title = vscode.l10n.t("Explain error…");
  const chosen = await vscode.window.showQuickPick([...sources, typed], { title });
  if (!chosen) return undefined;
  const prompt = vscode.l10n.t("The message, or the lines of a log");
  return chosen.text || vscode.window.showInputBox({ title, prompt, ignoreFocusOut: true });
}

function source(label: string, text: string): Source {
  const line = text.trim().split("\n").at(-1) ?? "";
  return { label, text, description: line.length > 80 ? `${line.slice(0, 80)}…` : line };
}

function editorSelection(): string {
  const editor = vscode.window.activeTextEditor;
  return editor ? editor.document.getText(editor.selection) : "";
}

/** The API has none: it goes by way of the clipboard, which gets back what it held. */
async function terminalSelection(): Promise<string> {
  const before = await vscode.env.clipboard.readText();
  await vscode.env.clipboard.writeText("");
  await vscode.commands.executeCommand("workbench.action.terminal.copySelection");
  const selected = await vscode.env.clipboard.readText();
  await vscode.env.clipboard.writeText(before);
  return selected;
}

function pageFor(failures: readonly Failure[]): string {
  if (failures.length === 0) return vscode.l10n.t("Nothing that failed was found in it.");
  return failures.map(section).join("\n\n---\n\n");
}

function section(failure: Failure): string {
  const { happened, cause, evidence, where, remedies, rules } = failure;
  const page = pageOf(failure);
  const parts = [
    `## ${plain(happened)}`,
    where
      ? `**${vscode.l10n.t("Your line")}:** \`${where.file}:${where.line}\`${where.source ? `\n\n    ${where.source}` : ""}`
      : "",
    cause ? `**${vscode.l10n.t("Because")}:** ${plain(cause)}` : "",
    `**${vscode.l10n.t("The log says")}:**\n\n    ${evidence}`,
    remedies.length > 0
      ? `**${vscode.l10n.t("You can")}:**\n\n${remedies.map((one) => `- ${marked(one)}`).join("\n")}`
      : "",
    rules.length > 0
      ? `**${vscode.l10n.t("Rules that find this in the code")}:** ${rules.map((rule) => `\`${rule}\``).join(", ")}`
      : "",
    page ? `[${vscode.l10n.t("More about this")}](${page})` : "",
  ];
  return parts.filter(Boolean).join("\n\n");
}

/** Text that is no Markdown. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|~]/g, "\\$&");
}

/** Text whose `code` in backticks is meant. */
function marked(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : plain(part)))
    .join("");
}
