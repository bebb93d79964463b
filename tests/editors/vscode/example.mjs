/** The example in the window's folder, and its server as a client sees it. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort } from "../sandbox.mjs";
import { linkEnvironment, PICTURES } from "./pictures.mjs";

export const SERVER = "core/qwen_vllm_server.py";
const FILES = [SERVER, "Dockerfile", "docker-compose.yml", "pyproject.toml", "start.sh"];

/** The example's own port in pictures; in tests one that is free on this machine. */
export async function choosePort(workspace) {
  linkEnvironment(workspace);
  if (PICTURES) return 8010;
  const port = await freePort();
  for (const name of FILES) {
    const file = path.join(workspace, name);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("8010", String(port)));
  }
  return port;
}

export async function health(port) {
  return (await fetch(`http://127.0.0.1:${port}/health`)).json();
}

/** Asks one request after the other until `end`, which tells those that were refused or failed. */
export function askWithoutPause(port) {
  const failures = [];
  let asking = true;
  const loop = (async () => {
    while (asking) {
      const answer = await fetch(`http://127.0.0.1:${port}/health`).catch((error) => ({
        error: String(error.cause ?? error),
      }));
      if (!answer.ok) failures.push(answer.error ?? `${answer.status}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const end = async () => {
    asking = false;
    await loop;
    return failures;
  };
  return { end };
}
