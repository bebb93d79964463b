/**
 * How long a person waits in VS Code: `node scripts/bench/window.mjs [ROUNDS] [RUFF.vsix]` after `npm run package`.
 *
 * RUFF.vsix, from ruff-vscode's own `npm run vsce-package` or the marketplace, is measured in turn: the ruff of
 * this checkout's environment, by the first squiggle that it draws.
 *
 * activation: what the extension host spends, as "Show Running Extensions" tells it.
 * squiggle: from opening the window, with the file in it, to its text and to its first finding.
 * listening: from Enter on "Start vLLM dev server" until the port accepts.
 */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isListening } from "../../tests/editors/sandbox.mjs";
import { choosePort, SERVER } from "../../tests/editors/vscode/example.mjs";
import { Person } from "../../tests/editors/vscode/person.mjs";
import { closeEditors, withWindow } from "../../tests/editors/vscode/window.mjs";
import { PYTHON } from "../environment.mjs";

const FIRST = `${SERVER}:133:5`;
const ANY_SQUIGGLE = ".monaco-editor .squiggly-error, .monaco-editor .squiggly-warning";
const [count = "5", ruff] = process.argv.slice(2);
const found = { activation: [], text: [], squiggle: [], listening: [], ...(ruff && { ruff: [] }) };

for (let round = 0; round < Number(count); round++) {
  await measure();
  if (ruff) await measureRuff();
}
await closeEditors();
for (const [name, times] of Object.entries(found)) console.log(`${name.padEnd(11)} ${summary(times)}`);

async function measure() {
  const options = {
    machine: { "portside.interpreter": PYTHON },
    payload: openingFile,
  };
  await withWindow(options, async ({ page, box, address }) => {
    const person = new Person(page);
    const port = await choosePort(box.workspace);
    await person.enter(address); // what the browser keeps, as a desktop would have it
    await page.waitForSelector(".monaco-editor .squiggly-warning");
    const began = performance.now();
    await page.goto(address);
    await page.waitForSelector(".monaco-editor .view-line");
    found.text.push(performance.now() - began);
    await page.waitForSelector(".monaco-editor .squiggly-warning");
    found.squiggle.push(performance.now() - began);
    found.listening.push(await untilListening(person, port));
    await person.statusSays("ready");
    await person.command("Stop dev server");
    await person.statusSays("no server");
    found.activation.push(await activation(person));
  });
}

async function measureRuff() {
  const program = path.join(path.dirname(PYTHON), "ruff");
  const options = { vsix: path.resolve(ruff), machine: { "ruff.path": [program] }, payload: openingFile };
  await withWindow(options, async ({ page, box, address }) => {
    const file = path.join(box.workspace, SERVER);
    writeFileSync(file, readFileSync(file, "utf8").replace("uvicorn.run(app", "uvicorn.run(missing"));
    await page.goto(address);
    await page.waitForSelector(ANY_SQUIGGLE);
    const began = performance.now();
    await page.goto(address);
    await page.waitForSelector(ANY_SQUIGGLE);
    found.ruff.push(performance.now() - began);
  });
}

function openingFile(address, folder) {
  return [
    ["openFile", address(`${folder}/${FIRST}`)],
    ["gotoLineMode", "true"],
  ];
}

async function untilListening(person, port) {
  await person.prepareCommand("Start vLLM dev server");
  const began = performance.now();
  await person.page.keyboard.press("Enter");
  while (!(await isListening(port))) await new Promise((resolve) => setTimeout(resolve, 5));
  return performance.now() - began;
}

async function activation(person) {
  await person.command("Developer: Show Running Extensions");
  const row = person.page.locator(".runtime-extensions-editor .extension", { hasText: "Portside" });
  const text = await row.locator(".activation-time").textContent();
  return Number(text.match(/(\d+)\s*ms/)[1]);
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const ms = (value) => `${value.toFixed(0)} ms`;
  return `median ${ms(sorted[Math.floor(sorted.length / 2)])}, longest ${ms(sorted.at(-1))}, of ${sorted.length}`;
}
