/** The view "Dev servers and ports": what a person reads in it, and what a screen reader says. */
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const vscode = require("vscode");
const { record, withRecord } = require("./records.cjs");
const { api, freePort, until, uriOf } = require("./workspace.cjs");

/** All rows, the sections' and their children's. */
async function rows() {
  const { view } = await api();
  const all = (nodes) => nodes.flatMap((node) => [node, ...all(node.children)]);
  return all(view());
}

async function rowOf(id) {
  return (await rows()).find(({ item }) => item.id === id);
}

/** A process that holds the port, of which the editor knows nothing. */
async function holding(port) {
  const python = vscode.workspace.getConfiguration("portside").get("interpreter");
  const child = spawn(python, ["-m", "http.server", String(port), "--bind", "127.0.0.1"], {
    stdio: "ignore",
  });
  const isHeld = () =>
    new Promise((resolve) => {
      const socket = net.connect({ port, host: "127.0.0.1" });
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  await until(isHeld, `port ${port} is held`);
  return child;
}

function passed(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

module.exports = {
  async "a dev server of a terminal is in the view, with words for its phase"() {
    await withRecord(record({}), async () => {
      const { item } = await until(() => rowOf("server:f00"), "the server's row");
      assert.equal(item.label, "8123 ready");
      assert.equal(item.description, "core.other:app · 3 min");
      assert.equal(item.contextValue, "server.here");
      assert.match(item.accessibilityInformation.label, /^Dev server core\.other:app, port 8123, ready, /);
    });
  },

  async "an engine that is kept stands below its server, with who uses it"() {
    const size = 3 * 2 ** 30;
    const used = { attached: [7], in_flight: 2, memory: size };
    const engine = { model: "/models/Qwen3-8B", key: "1a2b3c4d", phase: "ready", pid: 6, ...used };
    await withRecord(record({ engines: [engine] }), async () => {
      const server = await until(() => rowOf("server:f00"), "the server's row");
      assert.equal(server.item.contextValue, "server.here.engine");
      const { item } = server.children.find((row) => row.engine);
      assert.equal(item.label, "Qwen3-8B");
      assert.equal(item.description, "kept · worker 7 · 2 requests in flight · 3.0 GiB");
      assert.equal(item.contextValue, "detail.engine");
      assert.match(item.tooltip, /^\/models\/Qwen3-8B\nkey 1a2b3c4d\n/);
      assert.match(item.accessibilityInformation.label, /^Engine \/models\/Qwen3-8B, kept, worker 7, /);
    });
  },

  async "a dev server of another folder is in the view, but not in the status bar"() {
    await withRecord(record({ folder: "/elsewhere/shop" }), async () => {
      const { item } = await until(() => rowOf("server:f00"), "the server's row");
      assert.equal(item.contextValue, "server.elsewhere");
      assert.match(item.description, / · shop$/);
      assert.match((await api()).statusText(), /no server/);
    });
  },

  async "every row has an icon and words for it, and no colour of its own"() {
    await withRecord(record({ phase: "failed", message: "it did not start" }), async () => {
      await until(() => rowOf("server:f00"), "the server's row");
      for (const { item } of await rows()) {
        if (item.contextValue === "section") continue;
        assert(item.iconPath instanceof vscode.ThemeIcon, item.label);
        assert(item.label, item.id);
      }
      const { item } = await rowOf("server:f00");
      assert.equal(item.label, "8123 failed");
      assert.equal(item.iconPath.id, "error");
    });
  },

  async "who holds a planned port is in the view and can be stopped from there"() {
    const port = await freePort();
    const script = uriOf("serve-here.sh").fsPath;
    fs.writeFileSync(script, `uvicorn core.qwen_vllm_server:app --port ${port}\n`);
    const holder = await holding(port);
    await vscode.commands.executeCommand("portside.servers.focus");
    const id = `holder:${port}:${holder.pid}`;
    const { item } = await until(() => rowOf(id), "the holder's row");
    assert.equal(item.contextValue, "holder.stoppable");
    assert.match(item.accessibilityInformation.label, new RegExp(`^Port ${port} is held by .*http\\.server`));
    holder.kill();
    await until(async () => !(await rowOf(id)), "the holder's row is gone, of which nobody told the editor");
    const second = await holding(port);
    await until(() => rowOf(`holder:${port}:${second.pid}`), "the next holder's row");
    await vscode.commands.executeCommand("workbench.view.explorer");
    await passed(2500); // it hears that it is hidden, and ends what it is at
    second.kill();
    await new Promise((resolve) => second.once("exit", resolve));
    await passed(2500); // a look every second would have seen it
    assert(await rowOf(`holder:${port}:${second.pid}`), "nothing is read for a view that nobody sees");
    await vscode.commands.executeCommand("portside.servers.focus");
    await until(async () => !(await rowOf(`holder:${port}:${second.pid}`)), "the view is up to date again");
    assert.equal((await rowOf(`port:${port}`)).item.description, "free");
    const claims = (await rows()).filter(({ item }) => item.id?.startsWith(`claim:${port}:`));
    assert.deepEqual(
      claims.map((claim) => claim.item.description),
      ["serve-here.sh:1"],
    );
    fs.rmSync(script);
  },

  async "a port in a file shows up when the file is saved"() {
    await vscode.commands.executeCommand("portside.servers.focus");
    const port = await freePort();
    const script = uriOf("late.sh").fsPath;
    fs.writeFileSync(script, `uvicorn core.qwen_vllm_server:app --port ${port}\n`);
    const isShown = async () => Boolean(await rowOf(`port:${port}`));
    await until(isShown, "the port's row");
    fs.rmSync(script);
    await until(async () => !(await isShown()), "the port's row is gone");
  },
};
