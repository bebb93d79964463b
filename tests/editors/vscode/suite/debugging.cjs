/** Attaching to a dev server that somebody else has started. */
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const vscode = require("vscode");
const { api, freePort, until, uriOf } = require("./workspace.cjs");

const SERVER = "core/qwen_vllm_server.py";
const [folder] = vscode.workspace.workspaceFolders;

/** A dev server as one starts it in a terminal. */
async function withServer(options, work) {
  const port = await freePort();
  const python = vscode.workspace.getConfiguration("portside").get("interpreter");
  const args = ["-m", "portside", "serve", "core.qwen_vllm_server:app", "--port", String(port), ...options];
  const child = spawn(python, args, { cwd: folder.uri.fsPath, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const { servers } = await api();
  try {
    await until(() => servers().some((one) => one.port === port && one.phase === "ready"), "it is ready");
    await work(port);
  } finally {
    child.kill("SIGINT");
    await ended;
  }
  await until(() => servers().length === 0, "no server is left");
}

function attach(server) {
  return vscode.debug.startDebugging(folder, { type: "portside", request: "attach", name: "attach", server });
}

module.exports = {
  async "a debugger attaches to a dev server of a terminal, and leaves it running"() {
    const lines = fs.readFileSync(uriOf(SERVER).fsPath, "utf8").split("\n");
    const at = new vscode.Position(
      lines.findIndex((line) => line.includes('return {"status": "ok"')),
      0,
    );
    const breakpoint = new vscode.SourceBreakpoint(new vscode.Location(uriOf(SERVER), at));
    vscode.debug.addBreakpoints([breakpoint]);
    await withServer(["--debug", "--debug-port", String(await freePort())], async (port) => {
      const health = () => fetch(`http://127.0.0.1:${port}/health`).then((answer) => answer.status);
      assert(await attach(undefined), "the only one that can be attached to is meant");
      let asked;
      const holds = () => {
        asked ??= health().finally(() => {
          asked = undefined; // it came before the breakpoint
        });
        return vscode.debug.activeStackItem;
      };
      const { threadId } = await until(holds, "the breakpoint holds");
      vscode.debug.removeBreakpoints([breakpoint]);
      const held = asked;
      await vscode.debug.activeDebugSession.customRequest("continue", { threadId });
      assert.equal(await held, 200);
      await vscode.debug.stopDebugging();
      await until(() => vscode.debug.activeDebugSession === undefined, "the session is over");
      assert.equal(await health(), 200, "the server runs on");
    });
  },

  async "without one to attach to no session begins"() {
    await withServer([], async (port) => {
      assert.equal(await attach(undefined), false);
      await assert.rejects(attach(port), /was started without `--debug`\. Start it with `portside serve/);
      await until(() => vscode.debug.activeDebugSession === undefined, "no session stays");
    });
  },
};
