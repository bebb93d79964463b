// `npm start`: what Portside finds in the example, the fix as a diff, and the fixed example served.
//
//   npm start -- --editor         the example in a local code-server instead, with the extension
//   npm start -- --python PATH    serve with that interpreter, such as one that has vLLM
//
// Everything happens on a copy in a temporary folder, which goes when this ends.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { openEditor } from "./demo-editor.mjs";
import { serve } from "./demo-server.mjs";
import { CHECKOUT, PYTHON, setUpPython } from "./environment.mjs";

const EXAMPLE = "examples/qwen_vllm_server";
const SERVER = path.join("core", "qwen_vllm_server.py");

async function main() {
  const { values } = parseArgs({ options: { editor: { type: "boolean" }, python: { type: "string" } } });
  // A Ctrl-C ends the step that runs, whose failure then ends this in order, with the copy removed.
  process.on("SIGINT", () => {});
  setUpPython("demo");
  const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), "portside-demo-")));
  const folder = path.join(scratch, path.basename(EXAMPLE));
  try {
    cpSync(path.join(CHECKOUT, EXAMPLE), folder, { recursive: true, filter: isSource });
    if (values.editor) {
      await openEditor(folder, scratch);
      return;
    }
    show("What Portside finds in the example", CHECKOUT, "check", EXAMPLE);
    show("The fix, on a copy", folder, "fix", "--unsafe", "--diff", SERVER);
    console.log();
    command(folder, "fix", "--unsafe", SERVER);
    title("The fixed example, served");
    if (process.platform !== "linux") {
      console.log("`portside serve` runs on Linux only so far: the demo ends here.");
      return;
    }
    await serve(folder, scratch, values.python ?? PYTHON);
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

function show(heading, cwd, ...args) {
  title(heading);
  command(cwd, ...args);
}

/** Show a command as a person would type it, and what it prints. */
function command(cwd, ...args) {
  console.log(`$ portside ${args.join(" ")}\n`);
  const options = { cwd, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, PYTHONUTF8: "1" } };
  const result = spawnSync(PYTHON, ["-m", "portside", ...args], options);
  if (result.status !== 0 && result.status !== 1) {
    throw new Error(`portside ${args.join(" ")}: exit code ${result.status ?? result.signal}`);
  }
}

function title(text) {
  console.log(`\n── ${text} ${"─".repeat(Math.max(0, 76 - text.length))}\n`);
}

function isSource(file) {
  return path.basename(file) !== "__pycache__";
}

try {
  await main();
} catch (error) {
  console.error(`✗ ${error.message}`);
  process.exitCode = 1;
}
