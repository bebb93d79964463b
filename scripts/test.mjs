// `npm test`: sets up, then every check that needs no editor and no vLLM. Arguments go to pytest:
// `npm test -- --cov` measures coverage, which takes twice as long.
//
// All of them run, also after a failure, so that one call tells everything. pytest runs last:
// its summary ends the output.

import { spawnSync } from "node:child_process";
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

function main() {
  setUpPython("dev");
  setUpNode();
  const failed = CHECKS.filter(([title, command]) => status(title, command) !== 0).map(([title]) => title);
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

function status(title, [program, args]) {
  console.log(`\n── ${title} ${"─".repeat(Math.max(0, 70 - title.length))}`);
  const result = spawnSync(program, args, { cwd: CHECKOUT, stdio: ["ignore", "inherit", "inherit"] });
  return result.status ?? 1;
}

function python(...args) {
  return [PYTHON, args];
}

try {
  main();
} catch (error) {
  console.error(`✗ ${error.message}`);
  process.exitCode = 1;
}
