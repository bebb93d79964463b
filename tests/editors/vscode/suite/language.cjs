/** Findings, fixes, lenses and the language server behind them. */
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");
const { api, codeOf, diagnosticsOf, languageServers, open, until, uriOf } = require("./workspace.cjs");

const SERVER = "core/qwen_vllm_server.py";

module.exports = {
  async "a finding stands at its line and links to its page"() {
    await open(SERVER);
    const { PS101: launch, PS201: port } = await diagnosticsOf(SERVER);
    const text = fs.readFileSync(uriOf(SERVER).fsPath, "utf8").split("\n");
    assert.match(text[launch.range.start.line], /uvicorn\.run\(app/);
    assert.equal(text[port.range.start.line], text[launch.range.start.line]);
    assert.equal(launch.severity, vscode.DiagnosticSeverity.Warning);
    assert.match(String(launch.code.target), /PS101|uvicorn-run-in-main/);
  },

  async "the server comes from the interpreter of the setting"() {
    const { running, origin, python } = (await api()).languageServer();
    assert.deepEqual({ running, origin }, { running: true, origin: "environment" });
    assert.equal(python, vscode.workspace.getConfiguration("portside").get("interpreter"));
  },

  async "every command of the manifest is registered"() {
    const { contributes } = vscode.extensions.getExtension("portside.portside").packageJSON;
    const registered = await vscode.commands.getCommands(true);
    for (const { command } of contributes.commands) assert(registered.includes(command), command);
  },

  async "settings have defaults and descriptions"() {
    const settings = vscode.workspace.getConfiguration("portside");
    assert.equal(settings.inspect("importStrategy").defaultValue, "fromEnvironment");
    assert.deepEqual(settings.inspect("serve.arguments").defaultValue, []);
  },

  async "the status bar says that nothing runs"() {
    assert.equal((await api()).statusText(), "$(play) vLLM: no server");
  },

  async "the status bar follows a dev server's record, whoever started it"() {
    const folder = vscode.workspace.workspaceFolders[0].uri.fsPath;
    const file = path.join(process.env.PORTSIDE_STATE_DIR, "servers", `${process.pid}.json`);
    const { statusText } = await api();
    const record = {
      version: 1,
      id: "x",
      pid: process.pid,
      folder,
      target: "a:app",
      host: "",
      url: "",
      started_at: 1,
    };
    for (const phase of ["loading", "ready"]) {
      fs.writeFileSync(`${file}.tmp`, JSON.stringify({ ...record, port: 8010, phase }));
      fs.renameSync(`${file}.tmp`, file);
      await until(() => statusText().endsWith(` vLLM :8010 ${phase}`), `${phase} in the status bar`);
    }
    fs.rmSync(file);
    await until(() => statusText().includes("no server"), "no server in the status bar");
  },

  async "a task is offered for the app of the workspace"() {
    const tasks = await vscode.tasks.fetchTasks({ type: "portside" });
    const targets = tasks.map(({ definition }) => definition.target);
    assert(targets.includes("core.qwen_vllm_server:app"), targets.join());
  },

  async "the launch command is copied as it would be typed"() {
    await open(SERVER);
    await vscode.commands.executeCommand("portside.copyLaunchCommand");
    const copied = await vscode.env.clipboard.readText();
    assert.match(copied, /^uvicorn core\.qwen_vllm_server:app --host 0\.0\.0\.0 --port \d+$/);
  },

  async "the quick fix changes the file"() {
    const { document } = await open(SERVER);
    const { PS101 } = await diagnosticsOf(SERVER);
    const actions = await vscode.commands.executeCommand(
      "vscode.executeCodeActionProvider",
      document.uri,
      PS101.range,
      undefined,
      10, // so many are made ready to be applied
    );
    const fix = actions.find(({ title }) => title === "Fix: launch via uvicorn CLI");
    assert(fix?.edit, actions.map(({ title }) => title).join());
    assert(fix.kind.value.startsWith("quickfix"));
    const changed = fix.edit.entries().map(([uri]) => path.basename(uri.fsPath));
    for (const name of ["Dockerfile", "docker-compose.yml", "qwen_vllm_server.py"])
      assert(changed.includes(name), `${name} in ${changed}: what starts the server moves along`);
    assert(await vscode.workspace.applyEdit(fix.edit));
    assert(await document.save());
    const saved = fs.readFileSync(document.uri.fsPath, "utf8");
    assert.doesNotMatch(saved, /uvicorn|__main__/);
    const dockerfile = await vscode.workspace.openTextDocument(uriOf("Dockerfile"));
    assert.match(dockerfile.getText(), /CMD \["uvicorn", "core\.qwen_vllm_server:app"/);
    const left = () => vscode.languages.getDiagnostics(document.uri).map(codeOf);
    await until(() => !left().includes("PS101"), "the finding is gone");
  },

  async "the cells of a notebook have their findings, and a fix changes its cell"() {
    const code = (source) => ({ cell_type: "code", metadata: {}, outputs: [], source });
    const cells = [
      code(["import os, uvicorn"]),
      code(["uvicorn.run('a:b', port=int(os.environ['VLLM_PORT']))"]),
    ];
    const file = uriOf("serve.ipynb").fsPath;
    fs.writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(file));
    await vscode.window.showNotebookDocument(notebook);
    const cell = notebook.cellAt(1).document;
    const found = () => vscode.languages.getDiagnostics(cell.uri).filter((one) => codeOf(one) === "PS202");
    await until(() => found().length === 1, "the finding in the second cell");
    const [{ range }] = found();
    assert.equal(cell.getText(range), "os.environ['VLLM_PORT']");
    const actions = await vscode.commands.executeCommand(
      "vscode.executeCodeActionProvider",
      cell.uri,
      range,
      undefined,
      10,
    );
    const fix = actions.find(({ title }) => title === "Rename the variable to `PORT`");
    assert(fix?.edit, actions.map(({ title }) => title).join());
    assert(await vscode.workspace.applyEdit(fix.edit));
    assert.equal(cell.getText(), "uvicorn.run('a:b', port=int(os.environ['PORT']))");
    await until(() => found().length === 0, "the finding is gone");
    await notebook.save();
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
    fs.rmSync(file);
  },

  async "fix all mends what is safe and leaves the rest"() {
    const editor = await open("batch.py");
    await diagnosticsOf("batch.py");
    await vscode.commands.executeCommand("portside.fixAll");
    const guarded = () => editor.document.getText().includes('if __name__ == "__main__":');
    await until(guarded, "the guard in batch.py");
  },

  async "a compose file has its findings, and a fix is applied"() {
    const text =
      "services:\n  llm:\n    image: vllm/vllm-openai\n    command: --model m --port 8010\n" +
      "    environment:\n      VLLM_PORT: 8010\n";
    fs.writeFileSync(uriOf("compose.yaml").fsPath, text);
    const { document } = await open("compose.yaml");
    const { PS202 } = await diagnosticsOf("compose.yaml");
    assert.equal(document.getText(PS202.range), "VLLM_PORT");
    const actions = await vscode.commands.executeCommand(
      "vscode.executeCodeActionProvider",
      document.uri,
      PS202.range,
    );
    const fix = actions.find(({ title }) => title === "Rename the variable to `PORT`");
    assert(fix?.edit, actions.map(({ title }) => title).join());
    assert(await vscode.workspace.applyEdit(fix.edit));
    assert(await document.save());
    assert.equal(fs.readFileSync(document.uri.fsPath, "utf8"), text.replace("VLLM_PORT", "PORT"));
    const left = () => vscode.languages.getDiagnostics(document.uri).map(codeOf);
    await until(() => !left().includes("PS202"), "the finding is gone");
    fs.rmSync(document.uri.fsPath);
  },

  async "a launch in a script can be run from its lens"() {
    fs.writeFileSync(uriOf("start.sh").fsPath, "uvicorn core.qwen_vllm_server:app --port 8010\n");
    const { document } = await open("start.sh");
    const lenses = await until(async () => {
      const found = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", document.uri, 10);
      return found.length > 0 && found;
    }, "a lens in start.sh");
    assert.equal(lenses[0].command.command, "portside.startTarget");
    assert.equal(lenses[0].command.arguments[0].target, "core.qwen_vllm_server:app");
    assert((await vscode.commands.getCommands(true)).includes("portside.startTarget"));
    fs.rmSync(document.uri.fsPath);
  },

  async "the language server starts again on command"() {
    await open("legacy_serve.py");
    await vscode.commands.executeCommand("portside.restartLanguageServer");
    assert((await api()).languageServer().running);
    await diagnosticsOf("legacy_serve.py");
  },

  async "a language server that dies is replaced"() {
    const { languageServer } = await api();
    const [killed] = languageServers();
    process.kill(killed, "SIGKILL");
    await until(() => languageServers().some((pid) => pid !== killed), "another language server");
    await until(() => languageServer().running, "it answers");
    const editor = await open("legacy_serve.py");
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "import os\n"));
    await diagnosticsOf("legacy_serve.py");
    await vscode.commands.executeCommand("workbench.action.files.revert");
  },
};
