import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { isListening, placeOf, processesWith, until } from "./sandbox.mjs";
import { choosePort, health, SERVER } from "./vscode/example.mjs";
import { Person } from "./vscode/person.mjs";
import { INTERPRETER, PICTURES, picture, READABLE } from "./vscode/pictures.mjs";
import { closeEditors, withWindow } from "./vscode/window.mjs";

after(closeEditors);

const HEALTHY = 'return {"status": "ok"';

test("a breakpoint in a handler holds before and after a reload, as a person sees it", {
  timeout: 900_000,
}, async () => {
  await withWindow({ machine: INTERPRETER, user: READABLE }, async ({ page, box, address }) => {
    const person = new Person(page);
    const file = path.join(box.workspace, SERVER);
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
    if (PICTURES) await showForPicture(page);
    await picture(page, "debugger");
    await goesOn(page);
    assert.equal((await first).status, "ok");

    const [line] = placeOf(HEALTHY, file);
    await page.locator(".monaco-editor .view-lines").first().click();
    await person.rewriteLine(line, '    return {"status": "edited", "model": MODEL_ID}');
    await person.statusSays(`:${port} ready`);
    // The old generation answers until the new one takes over, and may be held as well.
    const holdsTheNew = async () => {
      const answer = health(port);
      const isHeld = await Promise.race([held(page).then(() => true), answer.then(() => false)]);
      if (isHeld) await goesOn(page);
      return (await answer).status === "edited" && isHeld;
    };
    await until(holdsTheNew, 180_000, "the breakpoint holds the new generation");

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

async function goesOn(page) {
  await page.keyboard.press("F5");
  await page.waitForSelector(".codicon-debug-stackframe", { state: "detached" });
}

/** The terminal has the command with its whole paths. */
async function showForPicture(page) {
  await page.locator(".panel .action-item", { hasText: "Debug Console" }).click();
  await page.locator(".debug-variables .monaco-list-row", { hasText: "Locals" }).click();
}

async function variables(page) {
  const row = page.locator(".debug-variables .monaco-list-row").first();
  await row.waitFor();
  return page.locator(".debug-variables").innerText();
}
