import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { freePort, isListening, placeOf, processesWith, until } from "./sandbox.mjs";
import { Person } from "./vscode/person.mjs";
import { withWindow } from "./vscode/window.mjs";

const SERVER = "core/qwen_vllm_server.py";
const HEALTHY = 'return {"status": "ok"';
const PICTURES = process.env.PORTSIDE_SCREENSHOTS;

test("a breakpoint in a handler holds before and after a reload, as a person sees it", {
  timeout: 900_000,
}, async () => {
  const user = { "workbench.colorTheme": "Default Light Modern", "editor.minimap.enabled": false };
  await withWindow({ machine: { "portside.interpreter": PYTHON }, user }, async ({ page, box, address }) => {
    const person = new Person(page);
    const file = box.at("qwen_vllm_server", SERVER);
    const port = await choosePort(box.workspace);
    await person.enter(address);
    await person.openFile(SERVER);
    await person.goTo(...placeOf("uvicorn.run(", file));
    await page.waitForSelector(".monaco-editor .squiggly-warning"); // the language server is there
    await person.goTo(...placeOf(HEALTHY, file));
    await page.keyboard.press("F9");
    await page.waitForSelector(".codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified");

    await person.command("Debug vLLM dev server");
    await person.statusSays(`:${port} ready`);
    const first = health(port);
    await held(page);
    assert.match(await variables(page), /MODEL_ID|Locals|Globals/);
    if (PICTURES) await picture(page, "debug-breakpoint");
    await page.keyboard.press("F5");
    assert.equal((await first).status, "ok");

    const [line] = placeOf(HEALTHY, file);
    await page.locator(".monaco-editor .view-lines").first().click();
    await person.rewriteLine(line, '    return {"status": "edited", "model": MODEL_ID}');
    await person.statusSays(`:${port} ready`);
    // The old generation answers until the new one takes over.
    let second;
    const isHeld = () => Promise.race([held(page).then(() => true), second.then(() => false)]);
    const holdsTheNew = async () => {
      second = health(port);
      return (await isHeld()) && readFileSync(file, "utf8").includes("edited");
    };
    await until(holdsTheNew, 180_000, "the breakpoint holds");
    await page.keyboard.press("F5");
    assert.equal((await second).status, "edited");

    await page.keyboard.press("Shift+F5");
    await person.statusSays("no server");
    await until(async () => !(await isListening(port)), 120_000, "the port is free");
    const ours = () => processesWith(box.folder, /portside (serve|debug-adapter)|debugpy/);
    await until(() => ours().length === 0, 60_000, "nothing of the session is left");

    // F5 without a launch.json: the server of the active file.
    await page.locator(".monaco-editor .view-lines").first().click();
    await page.keyboard.press("F5");
    await person.statusSays(`:${port} ready`);
    await page.keyboard.press("Shift+F5");
    await person.statusSays("no server");
    await until(() => ours().length === 0, 60_000, "nothing of the second session is left");
  });
});

/** The toolbar of a session that is paused, and the arrow at the line. */
async function held(page) {
  await page.waitForSelector(".debug-toolbar .codicon-debug-continue");
  await page.waitForSelector(".codicon-debug-stackframe");
}

async function variables(page) {
  const row = page.locator(".debug-variables .monaco-list-row").first();
  await row.waitFor();
  return page.locator(".debug-variables").innerText();
}

async function health(port) {
  return (await fetch(`http://127.0.0.1:${port}/health`)).json();
}

async function choosePort(workspace) {
  if (PICTURES) return 8010;
  const port = await freePort();
  for (const name of [SERVER, "Dockerfile", "docker-compose.yml", "pyproject.toml", "start.sh"]) {
    const file = path.join(workspace, name);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("8010", String(port)));
  }
  return port;
}

async function picture(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}
