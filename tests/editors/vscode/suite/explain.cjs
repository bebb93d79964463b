/** "Explain error…" and the page that it opens. */
const assert = require("node:assert/strict");
const vscode = require("vscode");
const { until } = require("./workspace.cjs");

const LOG = `INFO:     Application startup complete.
ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8010): address already in use`;

module.exports = {
  async "an error that is selected is explained on a page"() {
    const document = await vscode.workspace.openTextDocument({ content: LOG, language: "log" });
    const editor = await vscode.window.showTextDocument(document);
    editor.selection = new vscode.Selection(0, 0, 1, LOG.length);
    void vscode.commands.executeCommand("portside.explain");
    const page = () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .find(({ label }) => label.includes("Explained"));
    const opened = await until(async () => {
      await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
      return page();
    }, "the page");
    const { uri } = await vscode.workspace.openTextDocument(
      vscode.Uri.parse("portside-explained:/Explained.md"),
    );
    const shown = vscode.workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
    assert.match(shown.getText(), /port 8010 is taken[\s\S]*\*\*You can:\*\*[\s\S]*portside serve/);
    await vscode.window.tabGroups.close(opened);
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  },
};
