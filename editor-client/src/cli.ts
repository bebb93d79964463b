import * as vscode from "vscode";
import type { LanguageServer } from "./client";
import { type Outcome, run } from "./process";

const TIMEOUT_MS = 60_000;

export interface CallOptions {
  cwd?: string;
  /** What the command reads on its standard input. */
  input?: string;
  timeoutMs?: number;
}

/** Runs `portside …`, the one that the language server runs from. */
export class Cli {
  constructor(
    private readonly server: LanguageServer,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Throws an Error with a message for the user where Portside is not there to be run. */
  async call(args: readonly string[], options: CallOptions = {}): Promise<Outcome> {
    const portside = await this.server.found();
    if (!portside) throw new Error(vscode.l10n.t("Portside itself was not found; its log tells why."));
    const [program, ...first] = portside.command;
    this.log.debug(`portside ${args.join(" ")}`);
    return run(program, [...first, ...args], { timeoutMs: TIMEOUT_MS, ...options });
  }

  /** What it prints as JSON. Throws with what it complained of instead where it printed none. */
  async json<T>(args: readonly string[], options: CallOptions = {}): Promise<T> {
    const { stdout, stderr } = await this.call([...args, "--output-format", "json"], options);
    try {
      return JSON.parse(stdout) as T;
    } catch {
      throw new Error(stderr.trim() || stdout.trim() || `portside ${args[0]}`);
    }
  }
}
