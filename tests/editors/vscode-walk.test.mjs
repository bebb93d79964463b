import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { freePort, isListening, placeOf, until } from "./sandbox.mjs";
import { Person } from "./vscode/person.mjs";
import { withWindow } from "./vscode/window.mjs";

const SERVER = "core/qwen_vllm_server.py";
const FIX = "Fix: launch via uvicorn CLI";
const PICTURES = process.env.PORTSIDE_SCREENSHOTS;

const READABLE = {
  "terminal.integrated.gpuAcceleration": "off", // so that the terminal's text is text in the page
  "workbench.colorTheme": "Default Light Modern",
  "editor.minimap.enabled": false,
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
};

test("from the squiggle to a running server, as a person does it", { timeout: 900_000 }, async () => {
  const options = { machine: { "portside.interpreter": PYTHON }, user: READABLE };
  await withWindow(options, async ({ page, box, address }) => {
    const person = new Person(page);
    const file = box.at("qwen_vllm_server", SERVER);
    const port = await choosePort(box.workspace);
    await person.enter(address);

    await person.openFile(SERVER);
    const [line, column] = placeOf("uvicorn.run(", file);
    await person.goTo(line, column + 3);
    await page.waitForSelector(".monaco-editor .squiggly-warning");
    assert.match(await person.showHover(), /uvicorn[\s\S]*PS101/);
    await picture(page, "squiggle");
    await page.keyboard.press("Escape");

    const entry = await person.quickFixMenu(FIX);
    await picture(page, "quick-fix");
    await person.choose(entry);
    await person.saveAll();
    await until(
      () => !/uvicorn|__main__/.test(readFileSync(file, "utf8")),
      120_000,
      "the fixed file on disk",
    );

    await person.command("Start vLLM dev server");
    await person.statusSays(`:${port} ready`);
    assert.match(await person.terminalText(), /ready/i);
    assert.deepEqual(await health(port), { status: "ok", model: "Qwen/Qwen2.5-VL-3B-Instruct" });
    await picture(page, "running-server");

    const requests = askWithoutPause(port);
    await page.locator(".monaco-editor .view-lines").first().click();
    const [healthy] = placeOf('"status": "ok"', file);
    await person.rewriteLine(healthy, '    return {"status": "edited", "model": MODEL_ID}');
    await until(async () => (await health(port)).status === "edited", 180_000, "the edited answer");
    assert.deepEqual(await requests.end(), []);
    await person.statusSays(`:${port} ready`);

    await person.command("Stop dev server");
    await person.statusSays("no server");
    await until(async () => !(await isListening(port)), 120_000, "the port is free");
  });
});

/** The example's own port in pictures; in tests one that is free on this machine. */
async function choosePort(workspace) {
  if (PICTURES) return 8010;
  const port = await freePort();
  for (const name of [SERVER, "Dockerfile", "docker-compose.yml", "pyproject.toml", "start.sh"]) {
    const file = path.join(workspace, name);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("8010", String(port)));
  }
  return port;
}

async function health(port) {
  return (await fetch(`http://127.0.0.1:${port}/health`)).json();
}

/** Asks one request after the other until `end`, which tells those that were refused or failed. */
function askWithoutPause(port) {
  const failures = [];
  let asking = true;
  const loop = (async () => {
    while (asking) {
      const answer = await fetch(`http://127.0.0.1:${port}/health`).catch((error) => ({
        error: String(error.cause ?? error),
      }));
      if (!answer.ok) failures.push(answer.error ?? `${answer.status}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const end = async () => {
    asking = false;
    await loop;
    return failures;
  };
  return { end };
}

async function picture(page, name) {
  if (!PICTURES) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}
