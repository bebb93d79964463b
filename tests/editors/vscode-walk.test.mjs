import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { isListening, placeOf, until } from "./sandbox.mjs";
import { askWithoutPause, choosePort, health, SERVER } from "./vscode/example.mjs";
import { Person } from "./vscode/person.mjs";
import { detail, INTERPRETER, picture, READABLE } from "./vscode/pictures.mjs";
import { closeEditors, withWindow } from "./vscode/window.mjs";

after(closeEditors);

const FIX = "Fix: launch via uvicorn CLI";

test("from the squiggle to a running server, as a person does it", { timeout: 900_000 }, async () => {
  const options = {
    machine: INTERPRETER,
    // Long enough to be seen loading, also on a busy machine.
    user: { ...READABLE, "terminal.integrated.env.linux": { STANDIN_LOAD_S: "8" } },
  };
  await withWindow(options, async ({ page, box, address }) => {
    const person = new Person(page);
    const file = path.join(box.workspace, SERVER);
    const port = await choosePort(box.workspace);
    await person.enter(address);

    await person.openFile(SERVER);
    const [line, column] = placeOf("uvicorn.run(", file);
    await person.goTo(line, column + 3);
    await page.waitForSelector(".monaco-editor .squiggly-warning");
    assert.match(await person.showHover(), /uvicorn[\s\S]*PS101/);
    await picture(page, "squiggle");
    await detail(page, "squiggle", { x: 356, y: 200, width: 870, height: 300 });
    await page.keyboard.press("Escape");

    const entry = await person.quickFixMenu(FIX);
    await picture(page, "quick-fix");
    await detail(page, "quick-fix", { x: 356, y: 400, width: 860, height: 300 });
    await person.preview(entry);
    await picture(page, "diff-preview");
    await person.applyPreview();
    await person.toast("uvicorn core.qwen_vllm_server:app").waitFor(); // what to type from now on
    await person.command("Notifications: Clear All Notifications");
    await person.saveAll();
    await until(
      () => !/uvicorn|__main__/.test(readFileSync(file, "utf8")),
      120_000,
      "the fixed file on disk",
    );

    await person.command("Start vLLM dev server");
    await person.statusSays(`:${port} loading`);
    await person.terminalSays(/… .* · \d+ s/); // at which step depends on how quick the machine is
    await picture(page, "loading");
    await detail(page, "loading", { x: 0, y: 548, width: 1000, height: 312 });
    await person.statusSays(`:${port} ready`);
    await person.terminalSays(/generation 1 ready/);
    assert.deepEqual(await health(port), { status: "ok", model: "Qwen/Qwen2.5-VL-3B-Instruct" });
    await picture(page, "running-server");

    const requests = askWithoutPause(port);
    await page.locator(".monaco-editor .view-lines").first().click();
    const [healthy] = placeOf('"status": "ok"', file);
    await person.rewriteLine(healthy, '    return {"status": "edited", "model": MODEL_ID}');
    await until(async () => (await health(port)).status === "edited", 180_000, "the edited answer");
    assert.deepEqual(await requests.end(), []);
    await person.statusSays(`:${port} ready`);
    await person.terminalSays(/↻ generation \d+ ready/); // a busy VS Code may write a file in two steps
    await picture(page, "reload");

    await person.command("Stop dev server");
    await person.statusSays("no server");
    await until(async () => !(await isListening(port)), 120_000, "the port is free");
  });
});
