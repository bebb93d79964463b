import { after, test } from "node:test";
import { PYTHON } from "../../scripts/environment.mjs";
import { runInExtensionHost } from "./vscode/extension-host.mjs";
import { closeEditors } from "./vscode/window.mjs";

after(closeEditors);

test("VS Code's API sees what the extension offers", { timeout: 900_000 }, async () => {
  await runInExtensionHost("suite", { machine: { "portside.interpreter": PYTHON } });
});
