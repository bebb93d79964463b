import * as fs from "node:fs/promises";
import * as os from "node:os";
import { setTimeout as wait } from "node:timers/promises";

const POLL_MS = 300;
/** One of another machine (a shared home folder) can't be looked for: this old, it is taken for left behind. */
const STALE_MS = 15 * 60_000;

/**
 * Does the work while no other window does it: the lock is a file that names its process.
 *
 * One whose process has gone is taken over. Throws the signal's reason when that fires first.
 */
export async function withLock<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  while (!(await take(file))) await wait(POLL_MS, undefined, { signal });
  try {
    return await work();
  } finally {
    await fs.rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await fs.writeFile(file, JSON.stringify({ pid: process.pid, host: os.hostname() }), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (await isLeftBehind(file)) await fs.rm(file, { force: true });
    return false;
  }
}

async function isLeftBehind(file: string): Promise<boolean> {
  try {
    const { mtimeMs } = await fs.stat(file);
    const age = Date.now() - mtimeMs;
    const text = await fs.readFile(file, "utf8");
    if (!text) return age > STALE_MS; // being written
    const { pid, host } = JSON.parse(text) as { pid: number; host: string };
    return host === os.hostname() ? !isAlive(pid) : age > STALE_MS;
  } catch {
    return false; // gone meanwhile
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
