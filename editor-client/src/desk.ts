import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import type { LogOutputChannel } from "vscode";

/** Answers a question as `portside serve` puts it: server/portside/devserver/asking.py. undefined: nobody is there. */
export type Clerk = (question: Question) => Promise<Answer | undefined>;

export interface Question {
  event: string;
  [field: string]: unknown;
}

export interface Answer {
  action: string;
  [field: string]: unknown;
}

const LIMIT = 1 << 20;

/** Where a `portside serve` that this window started asks its user: a Unix socket that only that user can reach. */
export class Desk {
  private server: net.Server | undefined;
  private folder: string | undefined;

  constructor(
    private readonly clerk: Clerk,
    private readonly log: LogOutputChannel,
  ) {}

  /** The socket's path, made on first use; undefined where there can be none. */
  get address(): string | undefined {
    if (process.platform === "win32") return undefined;
    if (!this.server) this.open();
    return this.folder && path.join(this.folder, "ask");
  }

  dispose(): void {
    this.server?.close();
    if (this.folder) fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private open(): void {
    try {
      this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "portside-")); // mode 0700
      this.server = net.createServer({ allowHalfOpen: true }, (socket) => void this.serve(socket));
      this.server.on("error", (error) =>
        this.log.warn(`Dev servers ask in their terminal: ${error.message}`),
      );
      this.server.listen(path.join(this.folder, "ask"));
      this.server.unref();
    } catch (error) {
      this.log.warn(`Dev servers ask in their terminal: ${error}`);
    }
  }

  /** One line each way. Closing without an answer sends the question back to the terminal. */
  private async serve(socket: net.Socket): Promise<void> {
    socket.on("error", (error) => this.log.debug(`a question was withdrawn: ${error.message}`));
    try {
      const answer = await this.clerk(JSON.parse(await firstLine(socket)) as Question);
      if (answer) socket.write(`${JSON.stringify(answer)}\n`);
    } catch (error) {
      this.log.warn(`A question of portside serve was not understood: ${error}`);
    }
    socket.end();
  }
}

function firstLine(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
      else if (text.length > LIMIT) reject(new Error("no line"));
    });
    socket.on("close", () => reject(new Error("closed before the line's end")));
  });
}
