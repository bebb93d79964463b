import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { after, test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { freePort, placeOf, until } from "./sandbox.mjs";
import { choosePort, SERVER } from "./vscode/example.mjs";
import { Person } from "./vscode/person.mjs";
import { detail, INTERPRETER, picture, READABLE } from "./vscode/pictures.mjs";
import { closeEditors, withWindow } from "./vscode/window.mjs";

after(closeEditors);

const OPTIONS = { machine: INTERPRETER, user: READABLE };

test("a failure stands at the line, and goes when the line is mended", { timeout: 900_000 }, async () => {
  await withWindow(OPTIONS, async ({ page, box, address }) => {
    const person = new Person(page);
    const port = await choosePort(box.workspace);
    await person.enter(address);
    await person.openFile(SERVER);
    await person.command("Start vLLM dev server");
    await person.statusSays(`:${port} ready`);

    const [line] = placeOf("from PIL import", path.join(box.workspace, SERVER));
    await page.locator(".monaco-editor .view-lines").first().click();
    await person.rewriteLine(line, "from PILL import Image, UnidentifiedImageError");
    await person.command("View: Focus Problems");
    const problem = person.problem("PILL is not installed");
    await problem.waitFor();
    assert.match(await problem.textContent(), /portside[\s\S]*module-missing/);
    await picture(page, "failure");
    await detail(page, "failure", { x: 356, y: 245, width: 1040, height: 520 });
    const filter = page.getByPlaceholder(/^Filter/).first(); // the list shows only what it has room for
    await filter.fill("uvicorn.run");
    await person.problem("uvicorn.run").waitFor(); // the findings of the language server stay
    await filter.fill("");
    await problem.waitFor();

    await page.locator(".monaco-editor .view-lines").first().click();
    await person.rewriteLine(line, "from PIL import Image, UnidentifiedImageError");
    await problem.waitFor({ state: "detached" });
    await person.command("Stop dev server");
    await person.statusSays("no server");
  });
});

test("a dev server of a terminal, in another folder, is seen and stopped", { timeout: 900_000 }, async () => {
  const options = { ...OPTIONS, machine: { "portside.interpreter": PYTHON } };
  await withWindow(options, async ({ box, page, address }) => {
    const person = new Person(page);
    const port = await freePort();
    await person.enter(address);
    const serve = ["-m", "portside", "serve", "core.qwen_vllm_server:app", "--port", String(port)];
    const server = spawn(PYTHON, serve, { cwd: box.workspace, env: box.env, stdio: "ignore" });
    const ended = new Promise((resolve) => server.once("exit", resolve));
    await person.statusSays(`:${port} ready`);

    const second = new Person(await page.context().newPage());
    second.page.setDefaultTimeout(180_000);
    await second.enter(address.replace(encodeURIComponent("/qwen_vllm_server"), ""));
    await second.statusSays(`:${port} ready`);
    await second.command("Show ports");
    const row = second.row(`Dev server core.qwen_vllm_server:app, port ${port}, ready`);
    await row.waitFor();
    await second.useInRow(row, "Stop dev server");
    await ended;
    await row.waitFor({ state: "detached" });
    await page.bringToFront();
    await person.statusSays("no server");
    await until(() => server.exitCode === 0, 60_000, "it ended in good order");
  });
});
