// `npm test`: sets up, then every check that needs no editor and no vLLM. Arguments go to pytest:
// `npm test -- --cov` measures coverage, which takes twice as long.
//
// All of them run, also after a failure, so that one call tells everything; those before pytest side by
// side. pytest runs last: its summary ends the output.

import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { CHECKOUT, npm, PYTHON, setUpNode, setUpPython } from "./environment.mjs";

const NO_TESTS_COLLECTED = 5;

const CHECKS = [
  ["ruff check", python("-m", "ruff", "check")],
  ["ruff format", python("-m", "ruff", "format", "--check")],
  ["mypy", python("-m", "mypy")],
  ["import contracts", python("-c", "from importlinter.cli import lint_imports_command as c; c()")],
  ["generated docs", python("scripts/generate_docs.py", "--check")],
  ["TypeScript types", npm("run", "--silent", "typecheck")],
  ["TypeScript lint", npm("run", "--silent", "lint:editor")],
  ["extension manifest", npm("run", "--silent", "test:manifest")],
];

// Twice what a small machine has cores: much of the time a test waits for a process.
const WORKERS = ["-n", String(Math.min(8, Math.max(4, availableParallelism()))), "--dist", "worksteal"];

async function main() {
  setUpPython("dev");
  setUpNode();
  const failed = await failing(CHECKS);
  if (failed.length > 0) {
    console.log(`\n✗ failed: ${failed.join(", ")}`);
  }
  // What pytest makes of a test file is kept, wherever that is forbidden: else each worker makes it anew.
  delete process.env.PYTHONDONTWRITEBYTECODE;
  const pytest = python("-m", "pytest", "-m", "not editor and not vllm", ...WORKERS);
  const tests = status("pytest", [pytest[0], [...pytest[1], ...process.argv.slice(2)]]);
  if (tests === NO_TESTS_COLLECTED) {
    console.log("✗ no test was collected");
  }
  process.exitCode = failed.length > 0 ? 1 : tests;
}

// The titles of those that fail. As many run at once as there are cores; each is printed whole, in turn.
async function failing(checks) {
  const ends = [];
  const running = new Set();
  for (const [, command] of checks) {
    while (running.size >= availableParallelism()) {
      await Promise.race(running);
    }
    const end = ended(command);
    running.add(end);
    end.then(() => running.delete(end));
    ends.push(end);
  }
  const failed = [];
  for (const [number, [title]] of checks.entries()) {
    const { code, output } = await ends[number];
    heading(title);
    process.stdout.write(output);
    if (code !== 0) {
      failed.push(title);
    }
  }
  return failed;
}

// The exit code of a program, and all that it printed.
function ended([program, args]) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: CHECKOUT, stdio: ["ignore", "pipe", "pipe"] });
    const parts = [];
    child.stdout.on("data", (part) => parts.push(part));
    child.stderr.on("data", (part) => parts.push(part));
    child.on("error", (error) => parts.push(Buffer.from(`${error.message}\n`)));
    child.on("close", (code) => resolve({ code, output: Buffer.concat(parts) }));
  });
}

function heading(title) {
  console.log(`\n── ${title} ${"─".repeat(Math.max(0, 70 - title.length))}`);
}

function status(title, [program, args]) {
  heading(title);
  const result = spawnSync(program, args, { cwd: CHECKOUT, stdio: ["ignore", "inherit", "inherit"] });
  return result.status ?? 1;
}

function python(...args) {
  return [PYTHON, args];
}

try {
  await main();
} catch (error) {
  console.error(`✗ ${error.message}`);
  process.exitCode = 1;
}
