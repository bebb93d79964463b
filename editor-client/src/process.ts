import { execFile } from "node:child_process";

export interface Outcome {
  /** null: it could not be started, ran out of time or was cancelled; `stderr` says which. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, with no shell between. input: all that stands on its standard input. */
export function run(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; signal?: AbortSignal; cwd?: string; input?: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      {
        timeout: options.timeoutMs,
        maxBuffer: 16 * 1024 * 1024,
        ...(options.signal && { signal: options.signal }),
        ...(options.cwd && { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        if (!error) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ code: error.code, stdout, stderr });
        else resolve({ code: null, stdout, stderr: `${stderr}${reason(error, options.timeoutMs)}` });
      },
    );
    child.stdin?.on("error", () => {}); // it may have ended without reading
    child.stdin?.end(options.input);
  });
}

function reason(error: Error & { killed?: boolean | undefined }, timeoutMs: number): string {
  return error.killed && error.name !== "AbortError"
    ? `no answer within ${timeoutMs / 1000} s`
    : error.message;
}
