import * as fs from "node:fs";
import * as vscode from "vscode";
import { isWithin, readRecords, type ServerRecord, serversFolder } from "./records";

/** A record outlives a dev server that was killed outright; only a look at its process tells. */
const LIVENESS_MS = 2_000;

/** The dev servers that run on this machine for this user, whoever started them. */
export class Registry implements vscode.Disposable {
  private readonly folder = serversFolder();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly watcher: fs.FSWatcher | undefined;
  private readonly timer: NodeJS.Timeout;
  private records: readonly ServerRecord[] = [];

  readonly onDidChange = this.changed.event;

  constructor(private readonly log: vscode.LogOutputChannel) {
    this.watcher = this.watch();
    this.timer = setInterval(() => this.records.length > 0 && this.read(), LIVENESS_MS);
    this.read();
  }

  /** Of all folders and windows; the newest first. */
  get all(): readonly ServerRecord[] {
    return this.records;
  }

  /** Those that run in this window's folders. */
  get servers(): readonly ServerRecord[] {
    return this.records.filter(isHere);
  }

  dispose(): void {
    clearInterval(this.timer);
    this.watcher?.close();
    this.changed.dispose();
  }

  private watch(): fs.FSWatcher | undefined {
    try {
      // The folder has to exist to be watched. Only the user may read it: commands are written there.
      fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      return fs.watch(this.folder, () => this.read()).on("error", (error) => this.log.warn(String(error)));
    } catch (error) {
      this.log.warn(`No dev servers can be shown: ${error}`);
      return undefined;
    }
  }

  private read(): void {
    const found = readRecords(this.folder);
    if (JSON.stringify(found) === JSON.stringify(this.records)) return;
    this.records = found;
    this.changed.fire();
  }
}

/** Whether it runs in one of this window's folders. */
export function isHere({ folder }: ServerRecord): boolean {
  return (vscode.workspace.workspaceFolders ?? []).some(({ uri }) => isWithin(folder, uri.fsPath));
}
