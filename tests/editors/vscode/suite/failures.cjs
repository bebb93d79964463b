/** Failures of a running dev server in the problems panel. */
const assert = require("node:assert/strict");
const vscode = require("vscode");
const { record, withRecord } = require("./records.cjs");
const { codeOf, diagnosticsOf, open, until, uriOf } = require("./workspace.cjs");

const FAILURE = {
  name: "module-missing",
  happened: "the module torhc is not installed here",
  cause: "this interpreter does not find it",
  evidence: "ModuleNotFoundError: No module named 'torhc'",
  line: 34,
  process: null,
  where: { file: "legacy_serve.py", line: 3, function: "<module>", source: "import torhc" },
  remedies: ["install it"],
  rules: [],
  count: 1,
};

const failuresIn = (name) =>
  vscode.languages.getDiagnostics(uriOf(name)).filter((diagnostic) => codeOf(diagnostic) === FAILURE.name);

module.exports = {
  async "a failure stands at the user's line, beside the findings, and goes when the server serves again"() {
    await open("legacy_serve.py");
    const before = Object.keys(await diagnosticsOf("legacy_serve.py"));
    const failed = record({ phase: "failed", message: "it did not start", failure: FAILURE });
    await withRecord(failed, async () => {
      const [found] = await until(
        () => failuresIn("legacy_serve.py").length > 0 && failuresIn("legacy_serve.py"),
        "the failure",
      );
      assert.equal(found.source, "portside");
      assert.equal(found.severity, vscode.DiagnosticSeverity.Error);
      assert.equal(found.range.start.line, 2);
      assert.match(found.message, /torhc is not installed here\n.*No module named[\s\S]*• install it/);
      assert.match(String(found.code.target), /failures\.md#module-missing$/);
      const now = Object.keys(await diagnosticsOf("legacy_serve.py"));
      assert.deepEqual(now.sort(), [...before, FAILURE.name].sort());
    });
    await until(() => failuresIn("legacy_serve.py").length === 0, "no failure is left");
    assert.deepEqual(Object.keys(await diagnosticsOf("legacy_serve.py")).sort(), before.sort());
  },

  async "the failure offers the log of its server"() {
    const { document } = await open("legacy_serve.py");
    await withRecord(record({ phase: "failed", failure: FAILURE }), async () => {
      const [{ range }] = await until(
        () => failuresIn("legacy_serve.py").length > 0 && failuresIn("legacy_serve.py"),
        "it",
      );
      const actions = await vscode.commands.executeCommand(
        "vscode.executeCodeActionProvider",
        document.uri,
        range,
      );
      const [log] = actions.filter(({ title }) => title === "Show log of core.other:app");
      assert.equal(log.command.command, "portside.showServerLog");
    });
  },

  async "what no line is to blame for stands where the server is defined"() {
    const target = "core.qwen_vllm_server:app";
    const failed = record({ phase: "failed", target, message: "generation 1: exit status 3" });
    await withRecord(failed, async () => {
      const crashes = () =>
        vscode.languages
          .getDiagnostics(uriOf("core/qwen_vllm_server.py"))
          .filter(({ message }) => message === "The dev server failed: generation 1: exit status 3");
      await until(() => crashes().length === 1, "the crash at the app");
    });
  },
};
