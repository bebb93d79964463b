/** Tests that run in the extension host, with VS Code's own API. */
import assert from "node:assert/strict";
import path from "node:path";
import { withWindow } from "./window.mjs";

const SUITE = path.join(import.meta.dirname, "suite");

/** Opens a window that runs vscode/suite/NAME.cjs, prints what it says, and fails where that fails. */
export async function runInExtensionHost(name, options) {
  const payload = (address) => [
    ["extensionDevelopmentPath", address(SUITE)],
    ["extensionTestsPath", address(path.join(SUITE, `${name}.cjs`))],
    ["skipWelcome", "true"],
  ];
  await withWindow({ ...options, driver: true, payload }, async ({ page, address }) => {
    await page.exposeFunction("codeAutomationLog", (_type, words) => {
      if (/^(ok|FAIL) /.test(String(words[0]))) console.log(...words);
    });
    const exit = new Promise((resolve) => void page.exposeFunction("codeAutomationExit", resolve));
    await page.goto(address);
    assert.equal(await exit, 0);
  });
}
