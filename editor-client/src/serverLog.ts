import { type ChildProcess, spawn } from "node:child_process";
import * as vscode from "vscode";
import type { ServerActions, ServerRow } from "./actions";
import type { LanguageServer } from "./client";
import { address, label, type ServerRecord } from "./records";

/** What a dev server's app prints, also of one that was started elsewhere: `portside logs --follow` in a channel. */
export class ServerLog implements vscode.Disposable {
  private readonly channel = vscode.window.createOutputChannel(vscode.l10n.t("Portside: dev server"));
  private reader: ChildProcess | undefined;

  constructor(
    private readonly server: LanguageServer,
    private readonly actions: ServerActions,
  ) {}

  dispose(): void {
    this.reader?.kill();
    this.channel.dispose();
  }

  async show(row?: ServerRow): Promise<void> {
    const record = await this.actions.chooseRecord(row);
    if (record) await this.follow(record);
  }

  private async follow(record: ServerRecord): Promise<void> {
    const portside = await this.server.found();
    if (!portside) return;
    this.reader?.kill();
    this.channel.clear();
    this.channel.appendLine(`── ${label(record)} · ${record.url || address(record)} · pid ${record.pid}`);
    this.channel.show(true);
    const [program, ...first] = portside.command;
    const reader = spawn(program, [...first, "logs", String(record.pid), "--lines", "2000", "--follow"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.reader = reader;
    for (const stream of [reader.stdout, reader.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        if (this.reader === reader) this.channel.append(text);
      });
    reader.on("error", (error) => this.channel.appendLine(error.message));
  }
}
