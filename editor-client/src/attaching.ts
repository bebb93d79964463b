import * as vscode from "vscode";
import { phaseName } from "./phases";
import { address, label, type ServerRecord } from "./records";
import type { Registry } from "./registry";

/** A debug configuration that attaches to a dev server in which debugpy listens, whoever started it. */
export interface AttachConfiguration extends vscode.DebugConfiguration {
  /** Its name, target, port or pid, as `portside ps` shows it. */
  server?: string | number;
}

/** One for each dev server that can be attached to, for the list behind "Run and Debug". */
export function attachConfigurations(registry: Registry): AttachConfiguration[] {
  return attachable(registry).map((record) => ({
    type: "portside",
    request: "attach",
    name: record.port
      ? vscode.l10n.t("Attach to {0}, port {1}", label(record), record.port)
      : vscode.l10n.t("Attach to {0}, pid {1}", label(record), record.pid),
    server: handle(record),
  }));
}

/** The configuration with a server in it; asks where there are several, says what to do where there is none. */
export async function withServer(
  given: AttachConfiguration,
  registry: Registry,
): Promise<AttachConfiguration | undefined> {
  if (given.server !== undefined) return given;
  const found = attachable(registry);
  const [first, ...others] = found;
  if (!first) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t(
        "No dev server that a debugger can attach to runs. Start it with --debug, or debug it with request: launch.",
      ),
    );
    return undefined;
  }
  const record = others.length === 0 ? first : await choose(found);
  return record && { ...given, server: handle(record) };
}

/** What the debug adapter finds it by. */
function handle({ port, pid }: ServerRecord): number {
  return port || pid;
}

function attachable(registry: Registry): ServerRecord[] {
  return registry.all.filter(({ debug_port }) => debug_port);
}

async function choose(records: readonly ServerRecord[]): Promise<ServerRecord | undefined> {
  const items = records.map((record) => ({
    label: `${address(record)} ${label(record)}`,
    description: phaseName(record.phase),
    detail: record.folder,
    record,
  }));
  const title = vscode.l10n.t("Attach to which dev server?");
  return (await vscode.window.showQuickPick(items, { title }))?.record;
}
