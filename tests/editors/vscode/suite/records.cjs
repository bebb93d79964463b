/** Records of dev servers, as if one ran: the process is this one. */
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");
const { api, until } = require("./workspace.cjs");

/** What `portside serve` would write. */
function record(changes) {
  const folder = vscode.workspace.workspaceFolders[0].uri.fsPath;
  const now = Date.now() / 1000;
  return {
    version: 1,
    id: "f00",
    pid: process.pid,
    folder,
    target: "core.other:app",
    name: null,
    host: "127.0.0.1",
    port: 8123,
    url: "http://127.0.0.1:8123",
    phase: "ready",
    generation: 1,
    message: null,
    failure: null,
    started_at: now - 200,
    phase_since: now,
    log: null,
    ...changes,
  };
}

async function withRecord(content, work) {
  const file = path.join(process.env.PORTSIDE_STATE_DIR, "servers", `${process.pid}.json`);
  fs.writeFileSync(`${file}.tmp`, JSON.stringify(content));
  fs.renameSync(`${file}.tmp`, file);
  try {
    await work();
  } finally {
    fs.rmSync(file);
  }
  const { view } = await api();
  const isGone = () =>
    !view().some((section) => section.children.some(({ record: shown }) => shown?.id === content.id));
  await until(isGone, "the record is gone");
}

module.exports = { record, withRecord };
