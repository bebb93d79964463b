/**
 * Neovim and Emacs, with the configurations of docs/editors.md as they stand there. What they show has to be
 * what that page says; PORTSIDE_TRANSCRIPTS=write has it say what they show.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { CHECKOUT, PYTHON } from "../../scripts/environment.mjs";
import { dissolve, sandbox } from "./sandbox.mjs";

const here = import.meta.dirname;
const PAGE = path.join(CHECKOUT, "docs/editors.md");

const EDITORS = {
  Neovim: {
    command: (script) => ["nvim", "--headless", "--clean", "-n", "-c", `luafile ${script}`, "-c", "cquit"],
    script: "neovim.lua",
    config: /```lua\n(local client\n.*?)```/s,
  },
  Emacs: {
    command: (script) => ["emacs", "--batch", "--load", script],
    script: "emacs.el",
    config: /```elisp\n(.*?)```/s,
  },
};

for (const [name, editor] of Object.entries(EDITORS)) {
  test(`${name} shows findings, applies fixes and renames a port, as the docs say`, {
    timeout: 400_000,
  }, async () => {
    const box = sandbox();
    try {
      const config = box.at(`config.${editor.script.split(".").pop()}`);
      writeFileSync(config, page().match(editor.config)[1]);
      const env = {
        ...box.env,
        PATH: `${binWithPortside(box)}:${box.env.PATH}`,
        PORTSIDE_CONFIG: config,
        PORTSIDE_WORKSPACE: box.workspace,
        PORTSIDE_FILE: path.join(box.workspace, "core/qwen_vllm_server.py"),
      };
      const [program, ...args] = editor.command(path.join(here, editor.script));
      const run = promisify(execFile)(program, args, { env, cwd: box.workspace, timeout: 360_000 });
      const said = (await run).stdout.replaceAll(box.workspace, "~/qwen_vllm_server").trim();
      if (process.env.PORTSIDE_TRANSCRIPTS === "write") {
        writeFileSync(
          PAGE,
          page().replace(transcript(name), (_, head, __, foot) => head + said + foot),
        );
      }
      assert.equal(said, page().match(transcript(name))?.[2]);
      const server = readFileSync(env.PORTSIDE_FILE, "utf8");
      assert.doesNotMatch(server, /uvicorn|__main__/);
      assert.equal(readFileSync(path.join(box.workspace, "llm.sh"), "utf8"), "PORT=8000 vllm serve m\n");
    } finally {
      await dissolve(box);
    }
  });
}

function page() {
  return readFileSync(PAGE, "utf8");
}

function transcript(name) {
  return new RegExp(`(<!-- transcript: ${name} -->\n\`\`\`text\n)(.*?)(\n\`\`\`\n)`, "s");
}

/** Users have `portside` on their PATH. */
function binWithPortside(box) {
  const folder = box.at("bin");
  mkdirSync(folder);
  const script = `#!/bin/sh\nexec "${PYTHON}" -I -m portside "$@"\n`;
  writeFileSync(path.join(folder, "portside"), script, { mode: 0o755 });
  return folder;
}
