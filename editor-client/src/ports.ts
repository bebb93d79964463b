import * as vscode from "vscode";
import type { Cli } from "./cli";
import type { LanguageServer } from "./client";
import type { Holder } from "./holder";
import type { LaunchTarget } from "./methods";
import { findWorkspaceTargets } from "./targets";

/** A port that the workspace's files or settings name, and how it stands now. path: of the file, line from 1 or 0. */
export interface PlannedPort {
  port: number;
  who: string;
  what: string;
  path: string;
  line: number;
  state: string;
  text: string;
  holders: Holder[];
  /** Who else wants it at the same time, according to the files. */
  against: string[];
  target?: LaunchTarget;
}

/** A row of `portside ports --plan --output-format json`: server/portside/devserver/launch_plan.py. */
interface PlanRow {
  port: number;
  who: string;
  network: string;
  what: string;
  path: string;
  line: number;
  conflicts_with: string[];
  state: string | null;
  text: string;
  holders: Holder[];
}

interface Report {
  port: number;
  state: string;
  text: string;
  holders: Holder[];
}

/** The ports of all folders of the workspace, by number. */
export async function readPlannedPorts(cli: Cli, server: LanguageServer): Promise<PlannedPort[]> {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
  const planned = (await Promise.all(folders.map((folder) => ofFiles(cli, folder)))).flat();
  const found = [...planned, ...(await ofTargets(cli, server))];
  return found.sort((a, b) => a.port - b.port || a.path.localeCompare(b.path) || a.line - b.line);
}

async function ofFiles(cli: Cli, folder: vscode.WorkspaceFolder): Promise<PlannedPort[]> {
  const options = { cwd: folder.uri.fsPath };
  const { plan } = await cli.json<{ plan: PlanRow[] }>(["ports", "--plan"], options);
  const onMachine = plan.filter(({ network, state }) => network === "machine" && state !== null);
  return onMachine.map(({ port, who, what, path, line, state, text, holders, conflicts_with }) => ({
    port,
    who: who.replaceAll("`", ""),
    what,
    path: vscode.Uri.joinPath(folder.uri, path).fsPath,
    line,
    state: state ?? "",
    text,
    holders,
    against: conflicts_with,
  }));
}

/** The ports that Python code and named servers ask for. */
async function ofTargets(cli: Cli, server: LanguageServer): Promise<PlannedPort[]> {
  const targets = (await findWorkspaceTargets(server)).map(({ target }) => target);
  const numbers = [...new Set(targets.flatMap(({ port }) => port || []))].map(String);
  if (numbers.length === 0) return [];
  const reports = await cli.json<Report[]>(["ports", ...numbers]);
  return targets.flatMap((target) => {
    const report = reports.find(({ port }) => port === target.port);
    if (!report) return [];
    const { port, state, text, holders } = report;
    const who = target.name ?? target.target;
    return {
      port,
      state,
      text,
      holders,
      who,
      what: "API",
      path: target.path,
      line: target.line,
      target,
      against: [],
    };
  });
}
