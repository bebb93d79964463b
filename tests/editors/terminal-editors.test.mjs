import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PYTHON } from "../../scripts/environment.mjs";
import { dissolve, placeOf, sandbox } from "./sandbox.mjs";

const here = import.meta.dirname;

const EDITORS = {
  Neovim: [
    "nvim",
    "--headless",
    "--clean",
    "-n",
    "-c",
    `luafile ${path.join(here, "neovim.lua")}`,
    "-c",
    "cquit",
  ],
  Emacs: ["emacs", "--batch", "--load", path.join(here, "emacs.el")],
};

for (const [name, [program, ...args]] of Object.entries(EDITORS)) {
  test(`${name} shows the finding, applies the fix and saves the file`, { timeout: 400_000 }, async () => {
    const box = sandbox();
    try {
      const file = path.join(box.workspace, "core/qwen_vllm_server.py");
      const [line] = placeOf("uvicorn.run(", file);
      const env = {
        ...box.env,
        PORTSIDE_PYTHON: PYTHON,
        PORTSIDE_WORKSPACE: box.workspace,
        PORTSIDE_FILE: file,
      };
      const { stdout } = await promisify(execFile)(program, args, { env, timeout: 360_000 });
      assert.match(stdout, new RegExp(`^FINDING ${line} .*PS101`, "m"));
      assert.match(stdout, /^APPLIED Fix: launch via uvicorn CLI$/m);
      assert.match(stdout, /^CLEAN$/m);
      assert.doesNotMatch(readFileSync(file, "utf8"), /uvicorn|__main__/);
    } finally {
      await dissolve(box);
    }
  });
}
