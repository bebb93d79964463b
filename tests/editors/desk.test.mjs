/** How a dev server asks the window that started it. Needs no editor. */
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import { source } from "./source.mjs";

const { Desk } = await source("desk");
const said = [];
const log = { warn: (text) => said.push(text), debug: () => {} };
const options = { skip: process.platform === "win32" };

/** What comes back for these bytes. */
function ask(address, ...chunks) {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = net.connect(address, () => {
      for (const chunk of chunks) socket.write(chunk);
    });
    socket.setEncoding("utf8").on("data", (text) => {
      answer += text;
    });
    socket.once("end", () => resolve(answer)).once("error", reject);
  });
}

function desk(clerk) {
  const made = new Desk(clerk, log);
  after(() => made.dispose());
  return made;
}

test("a question is answered in one line", options, async () => {
  const { address } = desk(async ({ port }) => ({ action: "next", port: port + 1 }));
  assert.equal(
    await ask(address, '{"event": "conf', 'lict", "port": 8010}\n'),
    '{"action":"next","port":8011}\n',
  );
});

test("several servers ask at the same time", options, async () => {
  const { address } = desk(async ({ port }) => ({ action: "another", port }));
  const answers = await Promise.all(
    [1, 2, 3].map((port) => ask(address, `{"event":"conflict","port":${port}}\n`)),
  );
  assert.deepEqual(
    answers.map((answer) => JSON.parse(answer).port),
    [1, 2, 3],
  );
});

test("who can't be answered is let go without one", options, async () => {
  assert.equal(await ask(desk(async () => undefined).address, "{}\n"), "");
  assert.equal(await ask(desk(async () => ({ action: "next" })).address, "no JSON\n"), "");
  assert.match(said.join(), /not understood/);
});

test("only the user can reach it, and nothing is left of it", options, () => {
  const made = new Desk(async () => undefined, log);
  const folder = path.dirname(made.address);
  assert.equal(statSync(folder).mode & 0o077, 0);
  made.dispose();
  assert(!existsSync(folder));
});
