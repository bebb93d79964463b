import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { runInExtensionHost } from "./vscode/extension-host.mjs";
import { closeEditors } from "./vscode/window.mjs";

after(closeEditors);

const APP = `import uvicorn
from fastapi import FastAPI

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, port=8021)
`;

test("each folder of a workspace has its own interpreter, settings and findings", {
  timeout: 900_000,
}, async () => {
  // An editor of its own: of windows that share one, VS Code opens some without the folders of their workspace file.
  await runInExtensionHost("folders", { place: makeWorkspace, env: { EDITOR_OF: "folders" } });
});

/** The example with Portside's interpreter, and a second folder with one that has no Portside. */
function makeWorkspace({ parent, workspace }) {
  const other = path.join(parent, "other");
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
  const file = path.join(parent, "two.code-workspace");
  writeFileSync(file, JSON.stringify({ folders: [{ path: workspace }, { path: other }] }));
  return { workspace: file };
}

function settle(folder, settings) {
  mkdirSync(path.join(folder, ".vscode"), { recursive: true });
  writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify(settings));
}
