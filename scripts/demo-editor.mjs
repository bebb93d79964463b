// Opens the example in a local code-server (VS Code in the browser), with the packaged extension.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { engineEnvironment } from "./demo-engine.mjs";
import { CHECKOUT, npm, PYTHON, setUpNode } from "./environment.mjs";
import { installedCodeServer } from "./pinned.mjs";
import { whenAskedToStop } from "./stopping.mjs";

const WINDOWS = process.platform === "win32";

const HOW = `No code-server is installed here. Either
  npm run test:editors             brings one of its own, of 600 MB, into the cache folder
  npm install --global code-server   or see https://coder.com/docs/code-server/install
then run \`npm start -- --editor\` again. In your own VS Code: \`npm run package\`, then
  code --install-extension dist/portside-*.vsix`;

/**
 * Open `folder` and keep the editor running until a signal ends it.
 *
 * @param {string} scratch for the editor's settings and extensions, which touch none of the user's own.
 * @throws {Error} there is no code-server; says how to get one.
 */
export async function openEditor(folder, scratch) {
  const editor = installedCodeServer();
  if (!editor) {
    throw new Error(HOW);
  }
  setUpNode();
  call(...npm("run", "package"));
  const profile = makeProfile(scratch);
  const [program, ...prefix] = editor;
  call(program, [...prefix, ...profile, "--install-extension", vsix()]);
  const port = await freePort();
  const server = spawn(program, [...prefix, ...profile, "--bind-addr", `127.0.0.1:${port}`, folder], {
    env: engineEnvironment(PYTHON),
    stdio: ["ignore", "ignore", "inherit"],
    detached: !WINDOWS,
  });
  console.log(`\n  http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}\n\n  stop   Ctrl-C\n`);
  await ended(server);
}

function makeProfile(scratch) {
  const data = path.join(scratch, "editor");
  // code-server is a remote window: an interpreter's path counts only in the machine's settings.
  mkdirSync(path.join(data, "Machine"), { recursive: true });
  const settings = { "portside.interpreter": PYTHON };
  writeFileSync(path.join(data, "Machine", "settings.json"), JSON.stringify(settings));
  const config = path.join(scratch, "editor.yaml");
  writeFileSync(config, "auth: none\ncert: false\n");
  const own = ["--user-data-dir", data, "--extensions-dir", path.join(scratch, "extensions")];
  return ["--config", config, ...own, "--disable-telemetry", "--disable-update-check"];
}

function vsix() {
  const [name] = readdirSync(path.join(CHECKOUT, "dist")).filter((file) => file.endsWith(".vsix"));
  return path.join(CHECKOUT, "dist", name);
}

function call(program, args) {
  const result = spawnSync(program, args, { cwd: CHECKOUT, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) {
    throw new Error(`${[program, ...args].join(" ")}: exit code ${result.status ?? result.signal}`);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Wait for `server`, ending it and what it started when this process is asked to stop. */
function ended(server) {
  whenAskedToStop(() => (WINDOWS ? server.kill() : process.kill(-server.pid, "SIGTERM")));
  return new Promise((resolve) => server.on("close", resolve));
}
