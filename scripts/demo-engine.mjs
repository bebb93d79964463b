// Which engine the example runs on: vLLM where it is installed, else the stand-in.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { CHECKOUT } from "./environment.mjs";

const STANDIN = path.join(CHECKOUT, "tests", "standin");

/**
 * The environment in which `python` finds an engine. Says which one it is.
 *
 * @param {string} python
 */
export function engineEnvironment(python) {
  const environment = { ...process.env, PYTHONUTF8: "1" };
  if (hasVllm(python)) {
    console.log(`The engine is the real vLLM of ${python}.\n`);
    return environment;
  }
  console.log("vLLM is not installed here: a stand-in (tests/standin) plays the engine.\n");
  environment.PYTHONPATH = [STANDIN, process.env.PYTHONPATH].filter(Boolean).join(path.delimiter);
  environment.STANDIN_LOAD_S ??= "2";
  return environment;
}

function hasVllm(python) {
  const script = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)";
  return spawnSync(python, ["-c", script]).status === 0;
}
