/** What has to agree between the manifest, the sources and the translations. Needs no editor. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { CHECKOUT } from "../../scripts/environment.mjs";

const read = (name) => readFileSync(path.join(CHECKOUT, name), "utf8");
const json = (name) => JSON.parse(read(name));
const manifest = json("package.json");
const sources = readdirSync(path.join(CHECKOUT, "editor-client/src"))
  .map((name) => read(`editor-client/src/${name}`))
  .join("\n");

test("every text of the manifest exists in English and Korean, and no other", () => {
  const keys = JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g);
  const used = [...new Set([...keys].map(([, key]) => key))].sort(); // launch and attach share some
  assert.deepEqual(Object.keys(json("package.nls.json")).sort(), used);
  assert.deepEqual(Object.keys(json("package.nls.ko.json")).sort(), used);
});

test("every message of the sources exists in Korean, and no other", () => {
  const used = new Set([...sources.matchAll(/l10n\.t\(\s*"([^"]+)"/g)].map(([, text]) => text));
  assert.equal([...sources.matchAll(/l10n\.t\(/g)].length, [...sources.matchAll(/l10n\.t\(\s*"/g)].length);
  assert.deepEqual(Object.keys(json("l10n/bundle.l10n.ko.json")).sort(), [...used].sort());
});

test("a translation keeps the placeholders", () => {
  const placeholders = (text) => [...new Set(text.match(/\{\d\}|`[^`]+`/g))].sort();
  const english = json("package.nls.json");
  const pairs = [
    ...Object.entries(json("l10n/bundle.l10n.ko.json")),
    ...Object.entries(json("package.nls.ko.json")).map(([key, text]) => [english[key], text]),
  ];
  for (const [text, translated] of pairs)
    assert.deepEqual(placeholders(translated), placeholders(text), text);
});

test("every command of the manifest is implemented", () => {
  for (const { command } of manifest.contributes.commands) {
    assert.match(sources, new RegExp(`\\b${command.replace("portside.", "")}\\b`), command);
  }
});

test("menus, the welcome text and the walkthrough name commands that exist", () => {
  const { commands, menus, viewsWelcome } = manifest.contributes;
  const declared = commands.map(({ command }) => command);
  for (const { command } of Object.values(menus).flat()) assert(declared.includes(command), command);
  const texts = ["package.nls.json", "package.nls.ko.json"].map(read).join("");
  for (const [, command] of texts.matchAll(/\(command:(portside\.\w+)\)/g))
    assert(declared.includes(command), command);
  assert(viewsWelcome.length > 0);
});

test("every picture and icon is in the package, and says in words what it shows", () => {
  const packaged = read(".vscodeignore")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  const isPackaged = (file) => packaged.some((pattern) => matches(file, pattern));
  const { views, viewsContainers, walkthroughs } = manifest.contributes;
  const icons = [...Object.values(views), ...Object.values(viewsContainers), walkthroughs].flat();
  const steps = walkthroughs.flatMap((each) => each.steps);
  const files = [manifest.icon, ...icons.map(({ icon }) => icon), ...steps.map(({ media }) => media.image)];
  for (const file of files) {
    assert(existsSync(path.join(CHECKOUT, file)), file);
    assert(isPackaged(file), `${file} in .vscodeignore`);
  }
  for (const { id, media } of steps) assert.match(media.altText, /^%/, id);
});

function matches(file, pattern) {
  return new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`).test(file);
}

test("problem matchers and the language server do not overwrite each other's problems", () => {
  const owners = manifest.contributes.problemMatchers.map(({ owner }) => owner);
  assert(!owners.includes("portside"), "that is the language client's own");
  assert.equal(new Set(owners).size, owners.length);
});

test("every setting of the manifest is read", () => {
  const settings = Object.keys(manifest.contributes.configuration.properties);
  const asked = read("server/portside/lsp/preferences.py");
  // vscode-languageclient reads the trace level by the client's id.
  for (const setting of settings.filter((name) => name !== "portside.trace.server")) {
    const [, ...name] = setting.split(".");
    const isAsked = asked.includes(`_at(said, "${name.join(".")}")`);
    if (!isAsked) assert.match(sources, new RegExp(`"${name.at(-1)}"`), setting);
  }
});

test("extension and package have one version", () => {
  const [, version] = read("server/portside/__init__.py").match(/__version__ = "(.+)"/);
  assert.equal(manifest.version, version);
});

test("tools are pinned exactly, and the lock file names no registry", () => {
  for (const version of Object.values(manifest.devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
  const { packages } = json("package-lock.json");
  const entries = Object.entries(packages).filter(([name]) => name !== "");
  const loose = entries.filter(([, { integrity, resolved }]) => !integrity || resolved).map(([name]) => name);
  assert.deepEqual(loose, []);
});
