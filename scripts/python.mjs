// Finds the Python that Portside's environment is built with.

import { spawnSync } from "node:child_process";

const OLDEST = [3, 10];
const NAMES = ["python3", "python", "python3.13", "python3.12", "python3.11", "python3.10"];
const PROBE = "import sys; print(*sys.version_info[:2], sys.executable, sep='\\n')";

/** @typedef {{ command: string[], version: [number, number], executable: string }} Python */

/**
 * The first interpreter that runs and is new enough. $PORTSIDE_PYTHON goes before all others.
 *
 * Each candidate is run, not looked up: pyenv's shims and Windows' store aliases exist without working.
 *
 * @returns {Python}
 */
export function findPython() {
  const found = candidates().map(probe).filter(Boolean);
  const chosen = found.find((python) => isNewEnough(python.version));
  if (chosen) {
    return chosen;
  }
  const seen = found.map((python) => `${python.command.join(" ")} is ${python.version.join(".")}`);
  throw new Error(
    `Portside needs Python ${OLDEST.join(".")} or newer. ${seen.length ? seen.join(", ") : "None was found"}.\n` +
      "Install one (https://www.python.org/downloads/), or set PORTSIDE_PYTHON to the path of one.",
  );
}

function candidates() {
  const chosen = process.env.PORTSIDE_PYTHON;
  const launcher = process.platform === "win32" ? [["py", "-3"]] : [];
  return [...(chosen ? [[chosen]] : []), ...launcher, ...NAMES.map((name) => [name])];
}

/** @param {string[]} command */
function probe(command) {
  const [program, ...args] = command;
  const result = spawnSync(program, [...args, "-c", PROBE], { encoding: "utf8", timeout: 20_000 });
  if (result.status !== 0) {
    return null;
  }
  const [major, minor, executable] = result.stdout.trim().split(/\r?\n/);
  return { command, version: [Number(major), Number(minor)], executable };
}

function isNewEnough([major, minor]) {
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
