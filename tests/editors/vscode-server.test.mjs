import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { CHECKOUT, PYTHON } from "../../scripts/environment.mjs";
import { placeOf, processesWith, until } from "./sandbox.mjs";
import { Person } from "./vscode/person.mjs";
import { pretendedPython } from "./vscode/pythons.mjs";
import { closeEditors, withWindow } from "./vscode/window.mjs";

after(closeEditors);

const SERVER = "core/qwen_vllm_server.py";
const STORAGE = ["code", "User", "globalStorage", "portside.portside"];
const BUNDLED = {
  user: { "portside.importStrategy": "useBundled" },
  machine: { "portside.interpreter": PYTHON },
};

test("the bundled server is installed on first use, once for two windows, and shows findings", {
  timeout: 900_000,
}, async () => {
  await withWindow(BUNDLED, async ({ page, box, address }) => {
    const storage = box.at(...STORAGE);
    rmSync(storage, { recursive: true, force: true });
    const halfMade = leaveHalfMade(storage);
    const second = await page.context().newPage();
    const people = [new Person(page), new Person(second)];
    await Promise.all(people.map((person) => person.enter(address)));
    for (const person of people) {
      await person.page.bringToFront();
      await person.openFile(SERVER);
      await person.goTo(...placeOf("uvicorn.run(", path.join(box.workspace, SERVER)));
      await person.page.waitForSelector(".monaco-editor .squiggly-warning", { timeout: 600_000 });
    }
    const made = readdirSync(storage).filter((name) => name.startsWith("server-"));
    assert.equal(made.length, 2, made.join()); // one environment, and the file that says that it is made
    assert(!made.includes(halfMade));
    const [pointer] = made.filter((name) => name.endsWith(".json"));
    const { python } = JSON.parse(readFileSync(path.join(storage, pointer), "utf8"));
    execFileSync(python, ["-I", "-c", "import portside, debugpy"]);
  });
});

test("where the app's Python is too old for Portside, another one runs it", {
  timeout: 900_000,
}, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "portside-old-"));
  try {
    const machine = { "portside.interpreter": pretendedPython(folder, [3, 9]) };
    await withWindow({ ...BUNDLED, machine }, async ({ page, box, address }) => {
      const person = new Person(page);
      await person.enter(address);
      await person.openFile(SERVER);
      await person.goTo(...placeOf("uvicorn.run(", path.join(box.workspace, SERVER)));
      await page.waitForSelector(".monaco-editor .squiggly-warning", { timeout: 600_000 });
      const made = readdirSync(box.at(...STORAGE)).filter((name) => name.endsWith(".json"));
      assert.match(made.join(), /^server-\w+-py3\.(?!9)\d+\.json$/);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a language server that keeps ending is left alone until it is asked for again", {
  timeout: 900_000,
}, async () => {
  await withWindow({ machine: { "portside.interpreter": PYTHON } }, async ({ page, box, address }) => {
    const person = new Person(page);
    const servers = () => processesWith(box.folder, /portside lsp/).map(({ pid }) => pid);
    const another = (known) =>
      until(() => servers().find((pid) => !known.includes(pid)), 180_000, "a server");
    await person.enter(address);
    await person.openFile(SERVER);
    await person.goTo(...placeOf("uvicorn.run(", path.join(box.workspace, SERVER)));
    const killed = [];
    for (let time = 0; time < 4; time++) {
      killed.push(await another(killed));
      await person.languageServerAnswers();
      process.kill(killed.at(-1), "SIGKILL");
    }
    const toast = person.toast("The language server ended 4 times");
    await toast.waitFor();
    await toast.getByRole("button", { name: "Show logs" }).waitFor();
    assert.deepEqual(servers(), []);
    await person.command("Restart language server");
    await another(killed);
    await person.languageServerAnswers();
  });
});

test("an untrusted folder gets findings and no more; trust that is granted later starts the rest, once", {
  timeout: 600_000,
}, async () => {
  const options = {
    trusted: false,
    machine: { "portside.interpreter": PYTHON },
    user: { "workbench.editor.useModal": "off" }, // the page about trust, else over all others
  };
  await withWindow(options, async ({ page, box, address }) => {
    const person = new Person(page);
    await person.enter(address);
    await person.openFile(SERVER);
    await person.goTo(...placeOf("uvicorn.run(", path.join(box.workspace, SERVER)));
    await page.waitForSelector(".monaco-editor .squiggly-warning");
    await person.command("Start vLLM dev server");
    await person.toast("starts nothing in a folder that is not trusted").waitFor();
    assert.equal(await page.locator(".xterm-rows").count(), 0);
    const servers = () => processesWith(box.folder, /portside lsp/).map(({ pid }) => pid);
    const before = servers();
    assert.equal(before.length, 1);
    const since = new Set();
    // A server takes far longer than that to start, and is waited for before another one replaces it.
    const watching = setInterval(() => {
      for (const pid of servers()) if (!before.includes(pid)) since.add(pid);
    }, 50).unref();
    await person.command("Workspaces: Manage Workspace Trust");
    await page.getByRole("button", { name: "Trust", exact: true }).first().click();
    await until(() => since.size > 0, 120_000, "another language server");
    await person.backTo(SERVER);
    await person.command("Copy launch command");
    await person.toast("Copied: uvicorn").waitFor();
    clearInterval(watching);
    assert.deepEqual(servers(), [...since], "started anew, and that once");
  });
});

/** What a window leaves that was killed while it installed: a folder, and the lock of a process that is gone. */
function leaveHalfMade(storage) {
  const [wheel] = readdirSync(path.join(CHECKOUT, "editor-client/bundled"));
  const data = readFileSync(path.join(CHECKOUT, "editor-client/bundled", wheel));
  const digest = createHash("sha256").update(data).digest("hex").slice(0, 12);
  const version = execFileSync(PYTHON, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  const prefix = `server-${digest}-py${String(version).trim()}`;
  mkdirSync(path.join(storage, `${prefix}-0badf00d`, "bin"), { recursive: true });
  const { pid } = spawnSync(PYTHON, ["-c", ""]);
  writeFileSync(path.join(storage, `${prefix}.lock`), JSON.stringify({ pid, host: hostname() }));
  return `${prefix}-0badf00d`;
}
