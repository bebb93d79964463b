import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { placeOf } from "./sandbox.mjs";
import { Person } from "./vscode/person.mjs";
import { withWindow } from "./vscode/window.mjs";

const SERVER = "core/qwen_vllm_server.py";
const STORAGE = ["code", "User", "globalStorage", "portside.portside"];
const BUNDLED = {
  user: { "portside.importStrategy": "useBundled" },
  machine: { "portside.interpreter": PYTHON },
};

test("the bundled server is installed on first use and shows findings", { timeout: 900_000 }, async () => {
  await withWindow(BUNDLED, async ({ page, box, address }) => {
    const person = new Person(page);
    await person.enter(address);
    await person.openFile(SERVER);
    await person.goTo(...placeOf("uvicorn.run(", box.at("qwen_vllm_server", SERVER)));
    await page.waitForSelector(".monaco-editor .squiggly-warning", { timeout: 600_000 });
    const made = readdirSync(box.at(...STORAGE)).filter((name) => name.startsWith("server-"));
    assert.equal(made.filter((name) => name.endsWith(".json")).length, 1, made.join());
  });
});

test("without a package index the user reads what to do", { timeout: 600_000 }, async () => {
  const env = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: "", PIP_CONFIG_FILE: "/dev/null" };
  await withWindow({ ...BUNDLED, env }, async ({ page, box, address }) => {
    const person = new Person(page);
    await person.enter(address);
    await person.openFile(SERVER);
    const toast = person.toast("could not get Portside's dependencies");
    await toast.waitFor();
    await toast.getByRole("button", { name: "Show logs" }).waitFor();
    const left = readdirSync(box.at(...STORAGE)).filter((name) => name.startsWith("server-"));
    assert.deepEqual(left, []);
  });
});

test("an interpreter that does not run is named", { timeout: 600_000 }, async () => {
  const machine = { "portside.interpreter": "/nowhere/python" };
  await withWindow({ machine }, async ({ page, address }) => {
    const person = new Person(page);
    await person.enter(address);
    await person.openFile(SERVER);
    await person.toast("portside.interpreter names /nowhere/python").waitFor();
  });
});

test("an untrusted folder gets findings, and nothing is started", { timeout: 600_000 }, async () => {
  const options = { trusted: false, machine: { "portside.interpreter": PYTHON } };
  await withWindow(options, async ({ page, box, address }) => {
    const person = new Person(page);
    await person.enter(address);
    await person.openFile(SERVER);
    await person.goTo(...placeOf("uvicorn.run(", box.at("qwen_vllm_server", SERVER)));
    await page.waitForSelector(".monaco-editor .squiggly-warning");
    await person.command("Start vLLM dev server");
    await person.toast("starts nothing in a folder that is not trusted").waitFor();
    assert.equal(await page.locator(".xterm-rows").count(), 0);
  });
});
