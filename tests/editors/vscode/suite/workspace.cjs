/** What the tests in the extension host look at: files, findings, processes. */
const assert = require("node:assert/strict");
const fs = require("node:fs");
const net = require("node:net");
const vscode = require("vscode");

async function until(probe, what, limitMs = 120_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function uriOf(name) {
  return vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
}

async function open(name) {
  const document = await vscode.workspace.openTextDocument(uriOf(name));
  return vscode.window.showTextDocument(document);
}

/** The diagnostics of a file by code, once there are some. */
async function diagnosticsOf(name) {
  const uri = uriOf(name);
  const found = () => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "portside");
  await until(() => found().length > 0, `diagnostics in ${name}`);
  return Object.fromEntries(found().map((diagnostic) => [codeOf(diagnostic), diagnostic]));
}

function codeOf({ code }) {
  return typeof code === "object" ? code.value : code;
}

async function api() {
  const extension = vscode.extensions.getExtension("portside.portside");
  assert(extension, "the extension is installed");
  return extension.activate();
}

/** The process ids of the language servers that this extension host has started. Linux only. */
function languageServers() {
  const children = fs.readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
  const commandOf = (pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return children.filter((pid) => pid && commandOf(pid).includes("lsp")).map(Number);
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

module.exports = { api, codeOf, diagnosticsOf, freePort, languageServers, open, until, uriOf };
