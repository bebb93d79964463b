import * as vscode from "vscode";
import type { Cli } from "./cli";
import type { LanguageServer } from "./client";
import { type Listener, listeners, onPorts } from "./listeners";
import { type Node, portNode, section, serverNode } from "./nodes";
import { type PlannedPort, readPlannedPorts } from "./ports";
import { isHere, type Registry } from "./registry";

export const VIEW = "portside.servers";

/** How long a burst of changed files may go on before the ports are read once. */
const SETTLE_MS = 400;
/** So that `3 min` stays true while the view is open. Nothing is read for it. */
const UPTIME_MS = 30_000;

/** How soon a process that takes or leaves a port of the workspace is seen, while the view is open. */
const LOOK_MS = 1_000;
/** The same where only reading the ports anew tells. */
const READ_MS = 15_000;

/** Files whose change may move a port. */
const SOURCES = [
  "**/*.{py,yml,yaml,toml,sh,bash,json,env,mk,service}",
  "**/{Dockerfile,Containerfile,Makefile,Procfile}*",
];

/** "Dev servers and ports": all dev servers of the user, and the ports of this workspace with who is in their way. */
export class ServersView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly tree: vscode.TreeView<Node>;
  private readonly subscriptions: vscode.Disposable[] = [this.changed];
  private readonly uptime: NodeJS.Timeout;
  private settling: NodeJS.Timeout | undefined;
  private looking: NodeJS.Timeout | undefined;
  private seen = "";
  private planned: readonly PlannedPort[] = [];
  private running = "";
  private isStale = true;
  private reading: Promise<void> = Promise.resolve();

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly registry: Registry,
    private readonly server: LanguageServer,
    private readonly cli: Cli,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.tree = vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: false });
    this.uptime = setInterval(() => this.tree.visible && this.changed.fire(undefined), UPTIME_MS);
    this.subscriptions.push(
      this.tree,
      registry.onDidChange(() => this.follow()),
      server.onDidStart(() => this.age()),
      this.tree.onDidChangeVisibility(({ visible }) => this.show(visible)),
      vscode.window.onDidChangeWindowState(({ focused }) => focused && this.age()),
      vscode.tasks.onDidEndTaskProcess(() => this.age()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.age()),
      ...SOURCES.map((pattern) => this.watch(pattern)),
    );
    this.follow();
    this.show(this.tree.visible);
  }

  dispose(): void {
    clearInterval(this.looking);
    clearInterval(this.uptime);
    clearTimeout(this.settling);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.item;
  }

  getChildren(node?: Node): Node[] {
    return node ? node.children : this.roots();
  }

  async reveal(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
  }

  /** Reads the ports anew; done when they are shown. */
  refresh(): Promise<void> {
    this.isStale = false;
    this.reading = this.reading.then(() => this.read());
    return this.reading;
  }

  private roots(): Node[] {
    const now = Date.now() / 1000;
    const servers = this.registry.all.toSorted((a, b) => Number(isHere(b)) - Number(isHere(a)));
    const numbers = [...new Set(this.planned.map(({ port }) => port))];
    const ports = numbers.map((port) => {
      const planned = this.planned.filter((each) => each.port === port);
      return portNode(port, planned, this.registry.servers);
    });
    return [
      ...(servers.length > 0
        ? [
            section(
              "servers",
              vscode.l10n.t("Dev servers"),
              servers.map((each) => serverNode(each, now)),
            ),
          ]
        : []),
      ...(ports.length > 0 ? [section("ports", vscode.l10n.t("Ports of this workspace"), ports)] : []),
    ];
  }

  /** The registry says what runs; who holds the ports may have changed with it, but not with how busy an engine is. */
  private follow(): void {
    const count = this.registry.all.length;
    this.tree.badge =
      count > 0 ? { value: count, tooltip: vscode.l10n.t("{0} dev servers", count) } : undefined;
    this.changed.fire(undefined);
    const running = this.registry.all.map(({ id, port, phase }) => `${id} ${port} ${phase}`).join("\n");
    if (running !== this.running) this.age();
    this.running = running;
  }

  private watch(pattern: string): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete])
      event(() => this.age(), undefined, this.subscriptions);
    return watcher;
  }

  /** What nobody sees is not looked for. */
  private show(visible: boolean): void {
    clearInterval(this.looking);
    if (!visible) return;
    this.readIfStale();
    this.looking = listeners()
      ? setInterval(() => this.look(), LOOK_MS)
      : setInterval(() => this.age(), READ_MS);
  }

  /** Effect: reads the ports anew where somebody has taken or left one of them. */
  private look(): void {
    const now = this.onPlanned(listeners());
    if (now === this.seen) return;
    this.seen = now;
    this.age();
  }

  private onPlanned(found: readonly Listener[] | undefined): string {
    const ports = this.planned.map(({ port }) => port);
    return onPorts(found ?? [], ports);
  }

  private age(): void {
    this.isStale = true;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.readIfStale(), SETTLE_MS);
  }

  private readIfStale(): void {
    if (this.isStale && this.tree.visible) void this.refresh();
  }

  private async read(): Promise<void> {
    const before = listeners(); // who comes while the ports are read is seen at the next look
    try {
      this.planned = await readPlannedPorts(this.cli, this.server);
    } catch (error) {
      this.log.debug(`The ports of the workspace could not be read: ${error}`);
      this.planned = [];
    }
    this.seen = this.onPlanned(before);
    this.changed.fire(undefined);
  }
}
