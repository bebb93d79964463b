/**
 * How long a person waits in VS Code: `node scripts/bench/window.mjs [ROUNDS] [RUFF.vsix]` after `npm run package`.
 *
 * RUFF.vsix, from ruff-vscode's own `npm run vsce-package` or the marketplace, is measured in turn: the ruff of
 * this checkout's environment, by the first squiggle that it draws.
 *
 * activation: what the extension host spends, as "Show Running Extensions" tells it.
 * squiggle: from opening the window, with the file in it, to its text and to its first finding.
 * listening: from Enter on "Start vLLM dev server" until the port accepts, the first time, while the window is still
 * settling and starts what runs its terminals. again: the same once more.
 */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isListening } from "../../tests/editors/sandbox.mjs";
import { choosePort, SERVER } from "../../tests/editors/vscode/example.mjs";
import { Person } from "../../tests/editors/vscode/person.mjs";
import { closeEditors, withWindow } from "../../tests/editors/vscode/window.mjs";
import { PYTHON } from "../environment.mjs";

const FIRST = `${SERVER}:133:5`;
const SQUIGGLE = ".monaco-editor .squiggly-error, .monaco-editor .squiggly-warning";
const [count = "5", ruff] = process.argv.slice(2);
const found = { activation: [], text: [], squiggle: [], listening: [], again: [] };
if (ruff) Object.assign(found, { "ruff: activation": [], "ruff: squiggle": [] });

try {
  for (let round = 0; round <= Number(count); round++) {
    await withPortside(measure);
    if (ruff) await withRuff(measureRuff);
  }
} finally {
  await closeEditors();
}
// The first round filled what the browser keeps, as a desktop would have it.
for (const [name, [, ...times]] of Object.entries(found)) console.log(`${name.padEnd(16)} ${summary(times)}`);

function withPortside(work) {
  return withWindow({ machine: { "portside.interpreter": PYTHON }, payload: openingFile }, work);
}

function withRuff(work) {
  const program = path.join(path.dirname(PYTHON), "ruff");
  const options = { vsix: path.resolve(ruff), machine: { "ruff.path": [program] }, payload: openingFile };
  return withWindow(options, (window) => {
    const file = path.join(window.box.workspace, SERVER);
    writeFileSync(file, readFileSync(file, "utf8").replace("uvicorn.run(app", "uvicorn.run(missing"));
    return work(window);
  });
}

async function measure({ page, box, address }) {
  const person = new Person(page);
  const port = await choosePort(box.workspace);
  const { text, squiggle } = await open({ page, address });
  found.text.push(text);
  found.squiggle.push(squiggle);
  for (const start of ["listening", "again"]) {
    found[start].push(await untilListening(person, port));
    await person.statusSays("ready");
    await person.command("Stop dev server");
    await person.statusSays("no server");
  }
  found.activation.push(await activation(person, "Portside"));
}

async function measureRuff({ page, address }) {
  const { squiggle } = await open({ page, address });
  found["ruff: squiggle"].push(squiggle);
  found["ruff: activation"].push(await activation(new Person(page), "Ruff"));
}

/** In ms from opening the window, which is whole afterwards. */
async function open({ page, address }) {
  const began = performance.now();
  await page.goto(address);
  await page.waitForSelector(".monaco-editor .view-line");
  const text = performance.now() - began;
  await page.waitForSelector(SQUIGGLE);
  const squiggle = performance.now() - began;
  await page.waitForSelector(".explorer-folders-view .monaco-list-row");
  await page.waitForSelector("#status\\.notifications"); // restored: what extensions show at the start is there
  return { text, squiggle };
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

/** Waits for it: of a page that is left before, VS Code keeps the extension host. */
async function activation(person, extension) {
  await person.command("Developer: Show Running Extensions");
  const row = person.page.locator(".runtime-extensions-editor .extension", { hasText: extension });
  const text = await row.locator(".activation-time").textContent();
  return Number(text.match(/(\d+)\s*ms/)[1]);
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const ms = (value) => `${value.toFixed(0)} ms`;
  return `median ${ms(sorted[Math.floor(sorted.length / 2)])}, longest ${ms(sorted.at(-1))}, of ${sorted.length}`;
}
