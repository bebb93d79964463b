import * as vscode from "vscode";
import type { Cli } from "./cli";
import { type DevServer, isAllowed } from "./devserver";
import { phaseName } from "./phases";
import { address, isBrowsable, label, type ServerRecord } from "./records";
import type { Registry } from "./registry";

/** What a row of the view hands to a command; the palette hands nothing. */
export interface ServerRow {
  record?: ServerRecord;
}

/** A dev server as a command sees it: a task of this window, a record of the registry, mostly both. */
interface Running {
  record?: ServerRecord;
  execution?: vscode.TaskExecution;
}

/** What can be done with a running dev server, whoever started it. */
export class ServerActions {
  constructor(
    private readonly registry: Registry,
    private readonly devServer: DevServer,
    private readonly cli: Cli,
  ) {}

  /** Its terminal's Ctrl-C where it is a task of this window, else `portside stop`. */
  async stop(row?: ServerRow): Promise<void> {
    if (!isAllowed()) return;
    const running = await this.choose(row);
    if (!running) return;
    if (running.execution) await this.devServer.end(running.execution);
    else if (running.record) await this.order("stop", running.record);
  }

  /** A task begins again as a whole; another's server loads its code anew, its port stays held. */
  async restart(row?: ServerRow): Promise<void> {
    if (!isAllowed()) return;
    if (!row && this.here().length === 0) return this.devServer.start();
    const running = await this.choose(row);
    if (running?.execution) await this.devServer.restart(running.execution);
    else if (running?.record) await this.order("restart", running.record);
  }

  /** Has a kept engine load its model anew; without one in the row, of the server that is meant. */
  async restartEngine(row?: ServerRow): Promise<void> {
    if (!isAllowed()) return;
    const keeps = ({ record }: Running) => (record?.engines ?? []).length > 0;
    if (!(row || this.registry.all.some((record) => keeps({ record })))) {
      void vscode.window.showInformationMessage(vscode.l10n.t("No dev server keeps an engine."));
      return;
    }
    const record = (await this.choose(row, keeps))?.record;
    if (record) await this.order("restart", record, ["--engine"]);
  }

  async openInBrowser(row?: ServerRow): Promise<void> {
    const record = await this.chooseBrowsable(row);
    if (!record) return;
    const url = await vscode.env.asExternalUri(vscode.Uri.parse(record.url));
    await vscode.env.openExternal(url);
  }

  async copyUrl(row?: ServerRow): Promise<void> {
    const record = await this.chooseBrowsable(row);
    if (!record) return;
    await vscode.env.clipboard.writeText(record.url);
    void vscode.window.showInformationMessage(vscode.l10n.t("Copied: {0}", record.url));
  }

  /** The server that the user means, if a browser can reach it; says so where it can't. */
  private async chooseBrowsable(row?: ServerRow): Promise<ServerRecord | undefined> {
    const record = await this.chooseRecord(row);
    if (!record || isBrowsable(record)) return record;
    const what = record.url
      ? vscode.l10n.t("{0} listens on a Unix socket, which no browser opens: {1}", label(record), record.url)
      : vscode.l10n.t("Which port {0} listens on is not known yet.", label(record));
    void vscode.window.showInformationMessage(what);
    return undefined;
  }

  /** The server that the user means; says so where there is none. */
  async chooseRecord(row?: ServerRow): Promise<ServerRecord | undefined> {
    return (await this.choose(row, (each) => each.record !== undefined))?.record;
  }

  private async order(
    command: "stop" | "restart",
    record: ServerRecord,
    options: readonly string[] = [],
  ): Promise<void> {
    const title =
      command === "stop"
        ? vscode.l10n.t("Stopping {0}", label(record))
        : vscode.l10n.t("Restarting {0}", label(record));
    const location = vscode.ProgressLocation.Window;
    const { code, stdout, stderr } = await vscode.window.withProgress({ location, title }, () =>
      this.cli.call([command, String(record.pid), ...options]),
    );
    const said = (stdout || stderr).trim();
    if (code !== 0) void vscode.window.showErrorMessage(`Portside: ${said}`);
    else vscode.window.setStatusBarMessage(said, 5_000);
  }

  private async choose(
    row?: ServerRow,
    fits: (running: Running) => boolean = () => true,
  ): Promise<Running | undefined> {
    if (row?.record) return this.withTask(row.record);
    const here = this.here().filter(fits);
    const found = here.length > 0 ? here : this.registry.all.map((record) => this.withTask(record));
    if (found.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t("No dev server runs."));
      return undefined;
    }
    // One of another folder is never taken for the one that was meant.
    if (here.length === 1) return here[0];
    const items = found.map((running) => ({ ...describe(running), running }));
    const placeHolder = vscode.l10n.t("Which server?");
    return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.running;
  }

  /** Those of this window's folders; a task that has not come to its record yet is one. */
  private here(): Running[] {
    const recorded = this.registry.servers.map((record) => this.withTask(record));
    const starting = this.devServer.executions.filter(
      (execution) => !recorded.some((running) => running.execution === execution),
    );
    return [...recorded, ...starting.map((execution) => ({ execution }))];
  }

  private withTask(record: ServerRecord): Running {
    const execution = this.devServer.executionOf(record.pid);
    return execution ? { record, execution } : { record };
  }
}

function describe({ record, execution }: Running): vscode.QuickPickItem {
  if (!record) return { label: execution?.task.name ?? "" };
  const description = `${address(record)} · ${phaseName(record.phase)} · pid ${record.pid}`;
  return { label: label(record), description, detail: record.folder };
}
