import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { withWindow } from "./vscode/window.mjs";

const suite = path.join(import.meta.dirname, "vscode/suite");

test("VS Code's API sees what the extension offers", { timeout: 900_000 }, async () => {
  const options = {
    machine: { "portside.interpreter": PYTHON },
    driver: true,
    payload: (address) => [
      ["extensionDevelopmentPath", address(suite)],
      ["extensionTestsPath", address(path.join(suite, "suite.cjs"))],
      ["skipWelcome", "true"],
    ],
  };
  await withWindow(options, async ({ page, address }) => {
    await page.exposeFunction("codeAutomationLog", (_type, words) => {
      if (/^(ok|FAIL) /.test(String(words[0]))) console.log(...words);
    });
    const exit = new Promise((resolve) => void page.exposeFunction("codeAutomationExit", resolve));
    await page.goto(address);
    assert.equal(await exit, 0);
  });
});
