/** Runs inside the extension host of a window with two folders. A failed assertion ends it with exit code 1. */
const assert = require("node:assert/strict");
const vscode = require("vscode");
const { until } = require("./workspace.cjs");

function wordAfter(task, option) {
  const { args } = task.execution;
  return args[args.indexOf(option) + 1];
}

exports.run = async () => {
  const extension = vscode.extensions.getExtension("portside.portside");
  const { languageServer } = await extension.activate();
  await until(() => languageServer().running, "the language server");
  const tasks = await until(async () => {
    const found = await vscode.tasks.fetchTasks({ type: "portside" });
    return found.length >= 2 && found;
  }, "a task of each folder");

  for (const folder of vscode.workspace.workspaceFolders) {
    const [task] = tasks.filter(({ scope }) => scope.name === folder.name);
    const settings = vscode.workspace.getConfiguration("portside", folder);
    assert.equal(wordAfter(task, "--python"), settings.get("interpreter"), folder.name);
    assert.equal(wordAfter(task, "--on-conflict"), folder.name === "other" ? "next" : "fail");
    assert.equal(task.execution.options.cwd, folder.uri.fsPath);
    console.log(`ok   tasks of ${folder.name} have its interpreter and its settings`);
  }

  const other = vscode.workspace.workspaceFolders.find(({ name }) => name === "other");
  const uri = vscode.Uri.joinPath(other.uri, "app.py");
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  await until(() => vscode.languages.getDiagnostics(uri).length > 0, "findings in the second folder");
  console.log("ok   the second folder has its findings");
};
