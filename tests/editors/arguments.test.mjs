/** What the extension adds to the arguments of `portside serve`. Needs no editor. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const { withOption } = await source("arguments");

test("an option is added once, before what is the script's", () => {
  assert.deepEqual(withOption([], "--keep-engine"), ["--keep-engine"]);
  assert.deepEqual(withOption(["--no-warm"], "--keep-engine"), ["--no-warm", "--keep-engine"]);
  const given = ["--no-warm", "--", "--model", "--keep-engine"];
  const wanted = ["--no-warm", "--keep-engine", "--", "--model", "--keep-engine"];
  assert.deepEqual(withOption(given, "--keep-engine"), wanted);
  assert.deepEqual(withOption(wanted, "--keep-engine"), wanted);
});
