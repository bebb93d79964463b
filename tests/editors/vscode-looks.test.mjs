import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { CHECKOUT } from "../../scripts/environment.mjs";
import { choosePort, SERVER } from "./vscode/example.mjs";
import { Person } from "./vscode/person.mjs";
import { INTERPRETER, picture, READABLE } from "./vscode/pictures.mjs";
import { closeEditors, withWindow } from "./vscode/window.mjs";

after(closeEditors);

const manifest = read("package.nls.ko.json");
const messages = read("l10n/bundle.l10n.ko.json");

test("in Korean and in high contrast every state has words and a shape", { timeout: 900_000 }, async () => {
  const user = { ...READABLE, "workbench.colorTheme": "Default High Contrast" };
  await withWindow({ machine: INTERPRETER, user }, async ({ page, box, address }) => {
    const person = new Person(page);
    const port = await choosePort(box.workspace);
    // As the language pack would have it: the editor's own words stay English without one.
    await page.addInitScript("globalThis._VSCODE_NLS_LANGUAGE = 'ko'");
    await person.enter(address);
    await page.waitForSelector(".monaco-workbench.hc-black");
    await person.statusSays(messages["vLLM: no server"]);
    await person.openFile(SERVER);
    await person.command(manifest["command.startDevServer"]);
    await person.statusSays(`:${port} ${messages.ready}`);
    assert.equal(await shapeOf(person.statusItem), "check");
    await person.command(manifest["command.showPorts"]);
    const row = page.locator(".sidebar .monaco-list-row", { hasText: `${port} ${messages.ready}` }).first();
    await row.waitFor();
    assert.match(await row.getAttribute("aria-label"), new RegExp(`${port}.*${messages.ready}`));
    await page.locator(".sidebar .title-label", { hasText: manifest["view.servers"] }).waitFor();
    await picture(page, "high-contrast-korean");
    await person.command(manifest["command.stopDevServer"]);
    await person.statusSays(messages["vLLM: no server"]);
    assert.equal(await shapeOf(person.statusItem), "play");
  });
});

/** The codicon of a part of the window, by name. */
async function shapeOf(part) {
  const classes = await part.locator(".codicon").first().getAttribute("class");
  return classes.match(/codicon-(?!modifier)([\w-]+)/)[1];
}

function read(name) {
  return JSON.parse(readFileSync(path.join(CHECKOUT, name), "utf8"));
}
