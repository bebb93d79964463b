import * as fs from "node:fs";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const LISTENS = "0A"; // TCP_LISTEN: include/net/tcp_states.h of Linux

/** A socket that listens; its inode tells it from the next one on the same port. */
export interface Listener {
  port: number;
  inode: string;
}

/** All of this machine: cheap enough to ask for every second. Undefined where it does not tell (Linux only). */
export function listeners(tables: readonly string[] = TABLES): Listener[] | undefined {
  const texts = tables.map(readText).filter((text) => text !== undefined);
  return texts.length > 0 ? texts.flatMap((text) => text.split("\n").slice(1).flatMap(listener)) : undefined;
}

/** Those on these ports, as a text that changes when one comes or goes. */
export function onPorts(found: readonly Listener[], ports: readonly number[]): string {
  const theirs = found.filter(({ port }) => ports.includes(port));
  return theirs
    .map(({ port, inode }) => `${port} ${inode}`)
    .sort()
    .join();
}

/** `sl local_address rem_address st …`: the address is hexadecimal, the tenth field is the inode. */
function listener(row: string): Listener[] {
  const fields = row.trim().split(/\s+/);
  const [, local, , state] = fields;
  if (state !== LISTENS || !local) return [];
  return [{ port: Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16), inode: fields[9] ?? "" }];
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
