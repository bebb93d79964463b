/**
 * Whether the walk through VS Code (tests/editors/vscode-walk.test.mjs) is green time after time:
 * `node scripts/bench/walk.mjs [TIMES]` after `npm run package`. Each has an editor and a browser of its own.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { CHECKOUT } from "../environment.mjs";
import { codeServer } from "../pinned.mjs";

const WALK = path.join(CHECKOUT, "tests/editors/vscode-walk.test.mjs");
const times = Number(process.argv[2] ?? 30);
const { node } = codeServer();
const seconds = [];

for (let time = 1; time <= times; time++) {
  const began = performance.now();
  const { status, stdout } = spawnSync(node, ["--test", "--test-reporter=spec", WALK], { encoding: "utf8" });
  const took = (performance.now() - began) / 1000;
  if (status === 0) seconds.push(took);
  else console.log(stdout);
  console.log(`${time} of ${times}: ${status === 0 ? "green" : "FAILED"} in ${took.toFixed(0)} s`);
}
const longest = seconds.length > 0 ? `, the longest in ${Math.max(...seconds).toFixed(0)} s` : "";
console.log(`green ${seconds.length} of ${times}${longest}`);
process.exitCode = seconds.length === times ? 0 : 1;
