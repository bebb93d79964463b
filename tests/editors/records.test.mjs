/** Which dev servers the extension believes in. Needs no editor. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { source } from "./source.mjs";

const { address, isBrowsable, isWithin, readRecords } = await source("records");
const LINUX = process.platform === "linux";

const folder = mkdtempSync(path.join(tmpdir(), "portside-records-"));
after(() => rmSync(folder, { recursive: true }));

/** The one record that is there, as the extension reads it. */
function read(content) {
  const file = path.join(folder, "1.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return readRecords(folder);
}

const living = { version: 1, id: "a", pid: process.pid, started_at: 1 };
const ticksOf = (pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
};

test("a record of a process that runs counts", () => {
  assert.deepEqual(
    read(living).map(({ id }) => id),
    ["a"],
  );
});

test("what can't be read, and what is of another version, does not", () => {
  assert.deepEqual(read("{"), []);
  assert.deepEqual(read({ ...living, version: 2 }), []);
  assert.deepEqual(readRecords(path.join(folder, "missing")), []);
});

test("a pid that is used again does not count", { skip: !LINUX }, () => {
  assert.equal(read({ ...living, ticks: ticksOf(process.pid) }).length, 1);
  assert.equal(read({ ...living, ticks: ticksOf(process.pid) - 1 }).length, 0);
});

test("a record of another boot or another container does not count", { skip: !LINUX }, () => {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const namespace = readlinkSync("/proc/self/ns/pid");
  assert.equal(read({ ...living, boot, namespace }).length, 1);
  assert.equal(read({ ...living, boot: "another", namespace }).length, 0);
  assert.equal(read({ ...living, boot, namespace: "pid:[1]" }).length, 0);
});

test("a process that has ended does not count", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(read({ ...living, pid: child.pid }).length, 0);
});

test("the newest server is the first", () => {
  read(living);
  writeFileSync(path.join(folder, "2.json"), JSON.stringify({ ...living, id: "b", started_at: 2 }));
  assert.deepEqual(
    readRecords(folder).map(({ id }) => id),
    ["b", "a"],
  );
});

test("a folder is within another, by whatever name", () => {
  const inner = path.join(folder, "shop", "core");
  mkdirSync(inner, { recursive: true });
  symlinkSync(path.join(folder, "shop"), path.join(folder, "link"));
  assert(isWithin(inner, path.join(folder, "shop")));
  assert(isWithin(path.join(folder, "link", "core"), path.join(folder, "shop")));
  assert(isWithin(inner, inner));
  assert(!isWithin(path.join(folder, "shop"), inner));
  assert(!isWithin(`${path.join(folder, "shop")}-two`, path.join(folder, "shop")));
});

test("a server is known by its port, its socket or its pid, and a browser finds ports alone", () => {
  const of = (port, url) => ({ ...living, pid: 7, port, url });
  const known = [of(8010, "http://127.0.0.1:8010"), of(0, "unix:/run/api.sock"), of(0, "")];
  assert.deepEqual(known.map(address), [":8010", "api.sock", "pid 7"]);
  assert.deepEqual(known.map(isBrowsable), [true, false, false]);
});
