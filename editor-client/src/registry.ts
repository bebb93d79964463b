import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";

export type Phase = "claiming" | "loading" | "ready" | "reloading" | "failed" | "stopping";

/** What `portside serve` writes about itself: server/portside/devserver/registry.py, version 1. Times in seconds. */
export interface ServerRecord {
  version: number;
  id: string;
  pid: number;
  folder: string;
  target: string;
  name: string | null;
  host: string;
  port: number;
  url: string;
  phase: Phase;
  generation: number;
  message: string | null;
  started_at: number;
}

/** A record outlives a dev server that was killed outright; only a look at its pid tells. */
const LIVENESS_MS = 2_000;

/** The dev servers that run in this window's folders, whoever started them. */
export class Registry implements vscode.Disposable {
  private readonly folder = path.join(stateFolder(), "servers");
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

  /** The newest first. */
  get servers(): readonly ServerRecord[] {
    return this.records;
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
      this.log.warn(`The status bar shows no dev servers: ${error}`);
      return undefined;
    }
  }

  private read(): void {
    const found = listing(this.folder)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => parse(path.join(this.folder, name)))
      .filter((record) => isAlive(record.pid) && isInWorkspace(record.folder))
      .sort((a, b) => b.started_at - a.started_at);
    if (JSON.stringify(found) === JSON.stringify(this.records)) return;
    this.records = found;
    this.changed.fire();
  }
}

function listing(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // not to be made or read, or removed by hand
  }
}

/** No record or one of a version that is not known here: none. */
function parse(file: string): ServerRecord[] {
  try {
    const record = JSON.parse(fs.readFileSync(file, "utf8")) as ServerRecord;
    return record.version === 1 ? [record] : [];
  } catch {
    return []; // removed between the listing and the reading
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isInWorkspace(folder: string): boolean {
  return (vscode.workspace.workspaceFolders ?? []).some(({ uri }) => {
    const relative = path.relative(realPath(uri.fsPath), realPath(folder));
    return !(relative.startsWith("..") || path.isAbsolute(relative));
  });
}

function realPath(folder: string): string {
  try {
    return fs.realpathSync(folder);
  } catch {
    return folder;
  }
}

function stateFolder(): string {
  const { PORTSIDE_STATE_DIR, XDG_STATE_HOME, LOCALAPPDATA } = process.env;
  if (PORTSIDE_STATE_DIR) return PORTSIDE_STATE_DIR;
  if (process.platform === "win32")
    return path.join(LOCALAPPDATA ?? path.join(os.homedir(), "AppData", "Local"), "portside");
  if (process.platform === "darwin")
    return path.join(os.homedir(), "Library", "Application Support", "portside");
  return path.join(XDG_STATE_HOME || path.join(os.homedir(), ".local", "state"), "portside");
}
