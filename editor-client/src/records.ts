import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Failure } from "./failure";

export type Phase = "claiming" | "loading" | "ready" | "reloading" | "failed" | "stopping";

/** An engine that is kept over edits. key: of what it was made from. attached: pids of workers. memory: in bytes. */
export interface EngineRecord {
  model: string;
  key: string;
  phase: "starting" | "ready" | "failed" | "lost" | "ending";
  pid: number | null;
  attached: number[];
  in_flight: number;
  memory: number;
}

/** What would have made the last reload shorter. seconds: spent on an engine that was there before. */
export interface Offer {
  what: "keep-engine";
  model: string;
  seconds: number;
}

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
  failure: Failure | null;
  started_at: number;
  phase_since: number;
  log: string | null;
  engines?: EngineRecord[];
  offer?: Offer | null;
  /** Where debugpy listens in the app; missing in records of an older Portside. */
  debug_port?: number | null;
  /** The supervisor's start in clock ticks, the boot and the pid namespace that it counts in. */
  ticks?: number | null;
  boot?: string;
  namespace?: string;
}

/** What a person calls a server: its name in the settings, else its target. */
export function label({ name, target }: ServerRecord): string {
  return name ?? target;
}

/** What tells it from others in little room: its port, else the name of its Unix socket, else its pid. */
export function address({ port, url, pid }: ServerRecord): string {
  if (port) return `:${port}`;
  return url ? path.basename(url) : `pid ${pid}`;
}

/** Whether a browser finds something at its address: it has one, and that is no Unix socket. */
export function isBrowsable({ port, url }: ServerRecord): boolean {
  return port > 0 && url.startsWith("http");
}

/** The records in a folder whose dev server lives, the newest first. */
export function readRecords(folder: string): ServerRecord[] {
  return listing(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => parse(path.join(folder, name)))
    .filter(isAlive)
    .sort((a, b) => b.started_at - a.started_at);
}

/** Where the dev servers of this user tell of themselves. */
export function serversFolder(): string {
  return path.join(stateFolder(), "servers");
}

/** Whether `inner` is `outer` or lies below it; symbolic links do not count. */
export function isWithin(inner: string, outer: string): boolean {
  const relative = path.relative(realPath(outer), realPath(inner));
  return !(relative.startsWith("..") || path.isAbsolute(relative));
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

/** A pid is used again; pid, start and boot together are not. */
function isAlive({ pid, ticks, boot, namespace }: ServerRecord): boolean {
  if (boot && boot !== readText("/proc/sys/kernel/random/boot_id")) return false;
  if (namespace && namespace !== readLink("/proc/self/ns/pid")) return false;
  if (ticks) return ticks === startOf(pid);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** In clock ticks since boot; undefined where no such process runs. The name in parentheses may hold any character. */
function startOf(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return /^[ZX]?$/.test(fields[0] ?? "") ? undefined : Number(fields[19]);
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}

function readLink(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return "";
  }
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
