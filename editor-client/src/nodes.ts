import * as path from "node:path";
import * as vscode from "vscode";
import { type Holder, mayBeStopped, ownership, shortCommand } from "./holder";
import { enginePhaseName, phaseName, phaseThemeIcon, span } from "./phases";
import type { PlannedPort } from "./ports";
import { address, type EngineRecord, isBrowsable, label, type ServerRecord } from "./records";
import { isHere } from "./registry";

/** A row of the view. What a command needs of it stands beside the item. */
export interface Node {
  item: vscode.TreeItem;
  children: Node[];
  record?: ServerRecord;
  port?: number;
  holder?: Holder;
  planned?: PlannedPort;
  engine?: EngineRecord;
}

const { Expanded, Collapsed, None } = vscode.TreeItemCollapsibleState;

export function section(id: string, title: string, children: Node[]): Node {
  const item = new vscode.TreeItem(title, Expanded);
  item.id = id;
  item.contextValue = "section";
  item.accessibilityInformation = { label: vscode.l10n.t("{0}, {1} entries", title, children.length) };
  return { item, children };
}

/** now: in seconds since the epoch. */
export function serverNode(record: ServerRecord, now: number): Node {
  const title = `${record.port || address(record)} ${phaseName(record.phase)}`;
  const item = new vscode.TreeItem(title, record.failure || record.message ? Expanded : Collapsed);
  const place = isHere(record) ? "" : ` · ${path.basename(record.folder)}`;
  const uptime = span(now - record.started_at);
  item.id = `server:${record.id}`;
  item.description = `${label(record)} · ${uptime}${place}`;
  item.iconPath = phaseThemeIcon(record.phase);
  item.contextValue = `server.${isHere(record) ? "here" : "elsewhere"}${record.engines?.length ? ".engine" : ""}`;
  item.tooltip = serverTooltip(record);
  item.accessibilityInformation = {
    label: vscode.l10n.t(
      "Dev server {0}, {1}, {2}, started {3} ago, folder {4}",
      label(record),
      record.port ? vscode.l10n.t("port {0}", record.port) : address(record),
      phaseName(record.phase),
      uptime,
      record.folder,
    ),
  };
  return { item, children: details(record), record, port: record.port };
}

export function serverTooltip(record: ServerRecord): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  text.appendMarkdown(`**${plain(label(record))}** · ${plain(phaseName(record.phase))}\n\n`);
  if (isBrowsable(record)) text.appendMarkdown(`<${record.url}>\n\n`);
  else text.appendText(`${record.url || address(record)}\n\n`);
  text.appendText(`${record.folder}\npid ${record.pid}`);
  const trouble = record.failure?.happened ?? record.message;
  if (trouble) text.appendText(`\n\n${trouble}`);
  return text;
}

function details(record: ServerRecord): Node[] {
  const { failure, message, folder, pid } = record;
  const rows: Node[] = [];
  if (failure) rows.push(failureNode(record));
  else if (message) rows.push(row("message", message, "info"));
  rows.push(...(record.engines ?? []).map((engine) => engineNode(record, engine)));
  if (record.url) rows.push(urlNode(record));
  rows.push(row("folder", folder, "folder"), row("pid", `pid ${pid}`, "server-process"));
  return rows;
}

function urlNode(record: ServerRecord): Node {
  if (!isBrowsable(record)) return row("url", record.url, "plug");
  const url = row("url", record.url, "globe");
  url.item.command = { command: "portside.openInBrowser", title: "", arguments: [{ record }] };
  return url;
}

/** An engine that the server keeps: which model, who uses it, and how busy and big it is. */
function engineNode(record: ServerRecord, engine: EngineRecord): Node {
  const { model, key, attached, in_flight: inFlight, memory, phase } = engine;
  const shown = row("engine", path.basename(model), phase === "starting" ? "loading~spin" : "chip");
  const users =
    attached.length > 0
      ? vscode.l10n.t("worker {0}", attached.join(", "))
      : vscode.l10n.t("nobody is attached");
  const size = memory > 0 ? [`${(memory / 2 ** 30).toFixed(1)} GiB`] : [];
  const facts = [enginePhaseName(phase), users, vscode.l10n.t("{0} requests in flight", inFlight), ...size];
  shown.item.description = facts.join(" · ");
  shown.item.tooltip = [model, vscode.l10n.t("key {0}", key), ...facts].join("\n");
  shown.item.accessibilityInformation = { label: vscode.l10n.t("Engine {0}, {1}", model, facts.join(", ")) };
  return { ...shown, record, engine };
}

function failureNode({ failure, folder }: ServerRecord): Node {
  const shown = row("failure", failure?.happened ?? "", "error");
  const where = failure?.where;
  if (where) {
    const file = vscode.Uri.file(path.resolve(folder, where.file));
    const at = new vscode.Position(Math.max(0, where.line - 1), 0);
    const selection = new vscode.Range(at, at);
    shown.item.description = `${where.file}:${where.line}`;
    shown.item.command = { command: "vscode.open", title: "", arguments: [file, { selection }] };
  }
  return shown;
}

/** One port with who holds it and who in the workspace names it. Its own dev server is nothing to warn of. */
export function portNode(
  port: number,
  planned: readonly PlannedPort[],
  running: readonly ServerRecord[],
): Node {
  const own = running.find((record) => record.port === port);
  const holders = own ? [] : holdersOf(planned);
  const isTaken = planned.some(({ state }) => state !== "free") && !own;
  const against = planned.some((each) => each.against.length > 0);
  const item = new vscode.TreeItem(`${port}`, isTaken || against ? Expanded : Collapsed);
  const state = own ? vscode.l10n.t("held by its dev server") : stateOf(planned, holders);
  item.id = `port:${port}`;
  item.description = state;
  item.iconPath =
    isTaken || against ? WARNING : new vscode.ThemeIcon(own ? "circle-filled" : "circle-outline");
  const startable = planned.find(({ target }) => target);
  item.contextValue = `port${isTaken ? ".taken" : own ? ".own" : ".free"}${startable ? ".startable" : ""}`;
  item.tooltip = [...new Set(planned.map(({ text }) => text))].join("\n");
  item.accessibilityInformation = { label: vscode.l10n.t("Port {0}, {1}", port, state) };
  const children = [...holders.map((holder) => holderNode(holder, port)), ...planned.map(claimNode)];
  return { item, children, port, ...(startable && { planned: startable }) };
}

const WARNING = new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"));

function holdersOf(planned: readonly PlannedPort[]): Holder[] {
  const found = new Map(planned.flatMap(({ holders }) => holders).map((holder) => [holder.pid, holder]));
  return [...found.values()];
}

function stateOf(planned: readonly PlannedPort[], [holder]: readonly Holder[]): string {
  if (holder) return vscode.l10n.t("taken by pid {0}", holder.pid);
  const taken = planned.find(({ state }) => state !== "free");
  if (taken) return taken.state;
  const wanted = planned.find(({ against }) => against.length > 0);
  return wanted ? vscode.l10n.t("wanted by several") : vscode.l10n.t("free");
}

/** Where the workspace names the port. */
function claimNode(planned: PlannedPort): Node {
  const { port, who, line, against } = planned;
  const item = new vscode.TreeItem(who, None);
  const file = vscode.workspace.asRelativePath(planned.path);
  const conflict = against.length > 0 ? vscode.l10n.t("also wanted by {0}", against.join(", ")) : "";
  item.id = `claim:${port}:${planned.path}:${line}:${who}:${planned.what}`;
  item.description = [line ? `${file}:${line}` : file, conflict].filter(Boolean).join(" · ");
  item.iconPath = against.length > 0 ? WARNING : new vscode.ThemeIcon("file-code");
  item.contextValue = `claim${planned.target ? ".startable" : ""}`;
  item.tooltip = [planned.path, conflict].filter(Boolean).join("\n");
  item.command = openAt(planned);
  item.accessibilityInformation = {
    label: vscode.l10n.t("{0} names port {1} in {2}", who, port, `${item.description}`),
  };
  return { item, children: [], port, planned };
}

function openAt({ path: file, line }: PlannedPort): vscode.Command {
  const at = new vscode.Position(Math.max(0, line - 1), 0);
  const options = { selection: new vscode.Range(at, at) };
  return { command: "vscode.open", title: "", arguments: [vscode.Uri.file(file), options] };
}

function holderNode(holder: Holder, port: number): Node {
  const item = new vscode.TreeItem(shortCommand(holder), None);
  item.id = `holder:${port}:${holder.pid}`;
  item.description = ownership(holder);
  item.iconPath = new vscode.ThemeIcon("server-process");
  item.contextValue = mayBeStopped(holder) ? "holder.stoppable" : "holder";
  item.tooltip = [holder.command, ownership(holder), holder.note].filter(Boolean).join("\n");
  item.accessibilityInformation = {
    label: vscode.l10n.t("Port {0} is held by {1}, {2}", port, holder.command, ownership(holder)),
  };
  return { item, children: [], holder, port };
}

function row(kind: string, text: string, icon: string): Node {
  const item = new vscode.TreeItem(text, None);
  item.iconPath = new vscode.ThemeIcon(icon);
  item.contextValue = `detail.${kind}`;
  item.tooltip = text;
  return { item, children: [] };
}

function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-.!<>|~]/g, "\\$&");
}
