import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { placeOf, processesWith, until } from "./sandbox.mjs";
import { SERVER } from "./vscode/example.mjs";
import { Person } from "./vscode/person.mjs";
import { environmentWithPortside, pythonWithoutRoom } from "./vscode/pythons.mjs";
import { closeEditors, setSettings, withWindow } from "./vscode/window.mjs";

after(closeEditors);

/** One window: each change of the settings looks for the server anew. */
test("what keeps the server from starting is told with what to do, and mended without a new window", {
  timeout: 900_000,
}, async () => {
  const env = { PIP_FIND_LINKS: "" }; // would be asked beside the index
  await withWindow({ ...using("/nowhere/python"), env }, async ({ page, box, address }) => {
    const person = new Person(page);
    const storage = box.at("code/User/globalStorage/portside.portside");
    const servers = () => processesWith(box.folder, /portside lsp/);
    const told = async (text, button) => {
      const toast = person.toast(text);
      await toast.waitFor();
      await toast.getByRole("button", { name: button }).waitFor();
      await person.command("Notifications: Clear All Notifications");
      await toast.waitFor({ state: "detached" });
    };
    await person.enter(address);
    await person.openFile(SERVER);
    await person.goTo(...placeOf("uvicorn.run(", path.join(box.workspace, SERVER)));
    await told("portside.interpreter names /nowhere/python", "Show logs");

    const environment = path.join(box.parent, "other-release");
    setSettings(box, using(environmentWithPortside(environment, "9.9.9")));
    await told("Portside 9.9.9 in", "Use the bundled server");
    await page.waitForSelector(".monaco-editor .squiggly-warning");

    rmSync(environment, { recursive: true });
    for (const { pid } of servers()) process.kill(pid, "SIGKILL");
    await told("does not run as a Python", "Try again");

    rmSync(storage, { recursive: true, force: true });
    mkdirSync(path.dirname(storage), { recursive: true });
    writeFileSync(storage, "a file where the folder would be");
    settleFolder(box.workspace, { "portside.importStrategy": "useBundled" });
    setSettings(box, using(PYTHON));
    await told("storage can't be written to", "Try again");

    rmSync(storage);
    setSettings(box, using(pythonWithoutRoom(box.parent)));
    await told("The disk is full", "Try again");

    writeFileSync(box.at("home/.config/pip/pip.conf"), "[global]\nno-index = true\n");
    setSettings(box, using(PYTHON));
    await told("could not get Portside's dependencies", "Show logs");
    assert.deepEqual(
      readdirSync(storage).filter((name) => name.startsWith("server-")),
      [],
    );

    settleFolder(box.workspace, { "portside.importStrategy": "fromEnvironment" });
    await until(() => servers().length === 1, 60_000, "one language server");
    await person.languageServerAnswers();
  });
});

function using(interpreter) {
  return { machine: { "portside.interpreter": interpreter } };
}

function settleFolder(workspace, settings) {
  mkdirSync(path.join(workspace, ".vscode"), { recursive: true });
  writeFileSync(path.join(workspace, ".vscode/settings.json"), JSON.stringify(settings));
}
