import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import { type Failure, pageOf } from "./failure";
import { label, type ServerRecord } from "./records";
import type { Registry } from "./registry";
import { findWorkspaceTargets } from "./targets";

/** A line of a file, from 0. */
interface Place {
  file: string;
  line: number;
}

/**
 * Why a dev server of this window's folders does not serve, or not what was saved last: at the line of the
 * user's code that the record names, until the record names none. The language server's findings are its own.
 */
export class Failures implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection("portside-dev-server");
  private readonly subscriptions: vscode.Disposable[] = [this.collection];
  private shown = "";
  private round = 0;

  constructor(
    private readonly registry: Registry,
    private readonly server: LanguageServer,
  ) {
    this.subscriptions.push(
      registry.onDidChange(() => void this.update()),
      server.onDidStart(() => void this.update()),
      vscode.languages.registerCodeActionsProvider(
        { scheme: "file" },
        new ShowLog(this.collection, registry),
        {
          providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
        },
      ),
    );
    void this.update();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** Effect: replaces what is shown, unless a later change has come in between. */
  private async update(): Promise<void> {
    const failed = this.registry.servers.filter((record) => record.failure ?? record.phase === "failed");
    const now = JSON.stringify([
      this.server.running,
      failed.map(({ id, failure, message }) => [id, failure, message]),
    ]);
    if (now === this.shown) return;
    this.shown = now;
    this.round += 1;
    const { round } = this;
    const found = await Promise.all(failed.map((record) => this.diagnose(record)));
    if (round !== this.round) return;
    this.collection.clear();
    this.collection.set(found.filter((each) => each !== undefined));
  }

  private async diagnose(record: ServerRecord): Promise<[vscode.Uri, vscode.Diagnostic[]] | undefined> {
    const place = placeOf(record) ?? (await this.targetOf(record));
    if (!place) return undefined;
    return [vscode.Uri.file(place.file), [diagnostic(record, await rangeOf(place))]];
  }

  /** Where the server itself is defined: for what no line of the user's code is to blame for. */
  private async targetOf({ target, name, folder }: ServerRecord): Promise<Place | undefined> {
    const choices = await findWorkspaceTargets(this.server);
    const found = choices.find(
      (choice) => choice.target.target === target || (name && choice.target.name === name),
    );
    if (found) return { file: found.target.path, line: found.target.line - 1 };
    return target.endsWith(".py") ? { file: path.resolve(folder, target), line: 0 } : undefined;
  }
}

function placeOf({ failure, folder }: ServerRecord): Place | undefined {
  const where = failure?.where;
  return where ? { file: path.resolve(folder, where.file), line: Math.max(0, where.line - 1) } : undefined;
}

function diagnostic(record: ServerRecord, range: vscode.Range): vscode.Diagnostic {
  const { failure, message } = record;
  const text = failure
    ? wording(failure)
    : vscode.l10n.t("The dev server failed: {0}", message ?? record.phase);
  const found = new vscode.Diagnostic(range, text, vscode.DiagnosticSeverity.Error);
  found.source = "portside";
  const page = failure && pageOf(failure);
  if (failure && page) found.code = { value: failure.name, target: vscode.Uri.parse(page) };
  return found;
}

/** What happened, why, and what can be done: a paragraph each. */
export function wording({ happened, cause, evidence, remedies }: Failure): string {
  const said = happened.includes(evidence) ? [] : [evidence];
  return [happened, ...said, cause, ...remedies.map((remedy) => `• ${remedy}`)].filter(Boolean).join("\n");
}

/** The line without its indentation, as it is on the disk: that is what ran. */
async function rangeOf({ file, line }: Place): Promise<vscode.Range> {
  const text = await fs.readFile(file, "utf8").catch(() => "");
  const found = text.split(/\r\n|\r|\n/)[line] ?? "";
  const start = found.length - found.trimStart().length;
  return new vscode.Range(line, start, line, Math.max(found.trimEnd().length, start + 1));
}

/** On a failure: the log of the server that failed. */
class ShowLog implements vscode.CodeActionProvider {
  constructor(
    private readonly collection: vscode.DiagnosticCollection,
    private readonly registry: Registry,
  ) {}

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    const own = this.collection.get(document.uri) ?? [];
    const here = own.filter((each) => each.range.intersection(range));
    if (here.length === 0) return [];
    return this.registry.servers
      .filter((record) => record.failure ?? record.phase === "failed")
      .map((record) => {
        const title = vscode.l10n.t("Show log of {0}", label(record));
        const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
        action.diagnostics = here;
        action.command = { command: "portside.showServerLog", title, arguments: [{ record }] };
        return action;
      });
  }
}
