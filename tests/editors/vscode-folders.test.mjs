import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { withWindow } from "./vscode/window.mjs";

const suite = path.join(import.meta.dirname, "vscode/suite");
const APP = `import uvicorn
from fastapi import FastAPI

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, port=8021)
`;

test("each folder of a workspace has its own interpreter, settings and findings", {
  timeout: 900_000,
}, async () => {
  const options = {
    place: makeWorkspace,
    driver: true,
    payload: (address) => [
      ["extensionDevelopmentPath", address(suite)],
      ["extensionTestsPath", address(path.join(suite, "folders.cjs"))],
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

/** The example with Portside's interpreter, and a second folder with one that has no Portside. */
function makeWorkspace({ at, workspace }) {
  const other = at("other");
  mkdirSync(other);
  writeFileSync(path.join(other, "app.py"), APP);
  execFileSync(PYTHON, ["-m", "venv", "--without-pip", path.join(other, ".venv")]);
  settle(workspace, {
    "portside.interpreter": PYTHON,
    "portside.serve.arguments": ["--on-conflict", "fail"],
  });
  settle(other, {
    "portside.interpreter": path.join(other, ".venv/bin/python"),
    "portside.serve.arguments": ["--on-conflict", "next"],
  });
  const file = at("two.code-workspace");
  writeFileSync(file, JSON.stringify({ folders: [{ path: workspace }, { path: other }] }));
  return { workspace: file };
}

function settle(folder, settings) {
  mkdirSync(path.join(folder, ".vscode"), { recursive: true });
  writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify(settings));
}
