/** Tasks and problem matchers, as tasks.json names them. */
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");
const { api, freePort, until, uriOf } = require("./workspace.cjs");

const TAKEN =
  "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8123): address already in use";
const TRACEBACK = `Traceback (most recent call last):
  File "${uriOf("batch.py").fsPath}", line 3, in <module>
    sock.bind(("127.0.0.1", 8010))
OSError: [Errno 98] Address already in use`;

const python = () => vscode.workspace.getConfiguration("portside").get("interpreter");

/** Runs `work` with these tasks in tasks.json; ends what still runs of them. */
async function withTasks(tasks, work) {
  const file = uriOf(".vscode/tasks.json").fsPath;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify({ version: "2.0.0", tasks }));
  try {
    await work();
  } finally {
    for (const execution of vscode.tasks.taskExecutions) execution.terminate();
    await until(() => vscode.tasks.taskExecutions.length === 0, "all tasks have ended");
    fs.rmSync(path.dirname(file), { recursive: true });
  }
}

function task(label) {
  return until(
    async () => (await vscode.tasks.fetchTasks()).find(({ name }) => name === label),
    `task ${label}`,
  );
}

function printing(label, text, problemMatcher) {
  return {
    label,
    type: "process",
    command: python(),
    args: ["-c", `print(${JSON.stringify(text)})`],
    problemMatcher,
  };
}

function problemsIn(file) {
  const found = vscode.languages.getDiagnostics().find(([uri]) => uri.fsPath === file);
  return found ? found[1].map(({ message }) => message) : [];
}

module.exports = {
  async "a task that depends on the dev server waits until it is ready"() {
    const port = await freePort();
    const mark = uriOf("mark.txt").fsPath;
    const ask = `import urllib.request as u; open(${JSON.stringify(mark)}, "w").write(str(u.urlopen("http://127.0.0.1:${port}/health").status))`;
    const server = {
      label: "server",
      type: "portside",
      target: "core.qwen_vllm_server:app",
      arguments: ["--port", String(port)],
      isBackground: true,
      problemMatcher: "$portside",
    };
    const after = {
      label: "after",
      type: "process",
      command: python(),
      args: ["-c", ask],
      dependsOn: ["server"],
    };
    await withTasks([server, { ...after, problemMatcher: [] }], async () => {
      await vscode.tasks.executeTask(await task("after"));
      await until(() => fs.existsSync(mark) && fs.readFileSync(mark, "utf8"), "the answer");
      assert.equal(fs.readFileSync(mark, "utf8"), "200");
    });
    fs.rmSync(mark);
    await until(async () => (await api()).servers().length === 0, "no server is left");
  },

  async "a server that is being stopped is started again once it has ended"() {
    const { servers } = await api();
    const target = {
      path: uriOf("core/qwen_vllm_server.py").fsPath,
      target: "core.qwen_vllm_server:app",
      kind: "app",
      name: null,
      cwd: null,
      appDir: null,
      host: null,
      port: await freePort(),
      line: 1,
    };
    const ready = () => servers().find(({ phase }) => phase === "ready")?.pid;
    await vscode.commands.executeCommand("portside.startTarget", target);
    const first = await until(ready, "the server is ready");
    const stopped = vscode.commands.executeCommand("portside.stopDevServer");
    await vscode.commands.executeCommand("portside.startTarget", target);
    await stopped;
    await until(() => ready() && ready() !== first, "another one is ready");
    await vscode.commands.executeCommand("portside.stopDevServer");
    await until(() => servers().length === 0 && vscode.tasks.taskExecutions.length === 0, "none is left");
  },

  async "a taken port in uvicorn's words is a problem, and one in a traceback is at its line"() {
    const tasks = [
      printing("uvicorn", TAKEN, "$portside-uvicorn"),
      printing("script", TRACEBACK, ["$portside-python", "$portside-python-marked"]),
    ];
    await withTasks(tasks, async () => {
      await vscode.tasks.executeTask(await task("script"));
      const atLine = () =>
        problemsIn(uriOf("batch.py").fsPath).includes("OSError: [Errno 98] Address already in use");
      await until(atLine, "the problem in batch.py");
      await vscode.tasks.executeTask(await task("uvicorn"));
      await until(() => problemsIn("/8123").length > 0, "the problem of port 8123");
    });
  },
};
