import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { isListening, until } from "./sandbox.mjs";
import { choosePort, health, SERVER } from "./vscode/example.mjs";
import { Person } from "./vscode/person.mjs";
import { detail, INTERPRETER, picture, READABLE } from "./vscode/pictures.mjs";
import { closeEditors, withWindow } from "./vscode/window.mjs";

after(closeEditors);

const OPTIONS = { machine: INTERPRETER, user: READABLE };

/** Another program of the user that has the port. */
async function hold(port, env) {
  const args = ["-m", "http.server", String(port), "--bind", "127.0.0.1"];
  const holder = spawn(PYTHON, args, { argv0: "python", env, stdio: "ignore" });
  const ended = new Promise((resolve) => holder.once("exit", resolve));
  await until(() => isListening(port), 60_000, `port ${port} is held`);
  return { pid: holder.pid, ended, end: () => holder.kill() && ended };
}

/** A window in which the server's file is open, and its port is another program's. */
function withHeldPort(work) {
  return withWindow(OPTIONS, async ({ page, box, address }) => {
    const person = new Person(page);
    const port = await choosePort(box.workspace);
    const holder = await hold(port, box.env);
    await person.enter(address);
    await person.openFile(SERVER);
    await work({ page, person, port, holder });
  });
}

test("a taken port is asked about, and the next one is used", { timeout: 900_000 }, async () => {
  await withHeldPort(async ({ page, person, port, holder }) => {
    await person.command("Start vLLM dev server");
    const dialog = person.dialog(`Port ${port} is taken`);
    await dialog.waitFor();
    const text = await dialog.textContent();
    for (const part of ["http.server", `pid ${holder.pid}`, "yours", "started", "ago"])
      assert(text.includes(part), `${part} in ${text}`);
    await picture(page, "conflict");
    await detail(page, "conflict", { x: 330, y: 320, width: 740, height: 220 });
    const next = await person.buttonOf(dialog, /^Use port \d+$/);
    const other = Number((await next.textContent()).match(/\d+/)[0]);
    await person.press(next);
    await person.statusSays(`:${other} ready`);
    assert.equal((await health(other)).status, "ok");
    assert(await isListening(port), "the holder was left alone");

    await person.command("Show ports");
    await person.row(`Port ${port} is held by`).waitFor();
    await person.row(`Dev server core.qwen_vllm_server:app, port ${other}, ready`).waitFor();
    await picture(page, "view");
    await detail(page, "view", { x: 0, y: 0, width: 352, height: 230 });

    await person.command("Stop dev server");
    await person.statusSays("no server");
    await holder.end();
  });
});

test("the holder is stopped where the user chooses that, and not before", { timeout: 900_000 }, async () => {
  await withHeldPort(async ({ person, port, holder }) => {
    await person.command("Start vLLM dev server");
    await person.press(await person.buttonOf(person.dialog(`Port ${port} is taken`), /^Cancel$/));
    await person.terminalSays(/in the editor/);
    await person.statusSays("no server");
    assert(await isListening(port), "the holder was left alone");

    await person.command("Stop process holding port");
    await person.type(String(port));
    const dialog = person.dialog(`Stop what holds port ${port}?`);
    await dialog.waitFor();
    assert.match(await dialog.textContent(), new RegExp(`http\\.server[\\s\\S]*pid ${holder.pid}, yours`));
    await person.press(await person.buttonOf(dialog, /^Cancel$/));
    assert(await isListening(port), "the holder was left alone");

    await person.command("Start vLLM dev server");
    const asked = person.dialog(`Port ${port} is taken`);
    await person.press(
      await person.buttonOf(asked, new RegExp(`^Stop that process \\(pid ${holder.pid}\\)$`)),
    );
    await holder.ended;
    await person.statusSays(`:${port} ready`);
    await person.command("Stop dev server");
    await person.statusSays("no server");
  });
});
