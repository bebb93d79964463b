import { execFile } from "node:child_process";

export interface Outcome {
  /** null: it could not be started, ran out of time or was cancelled; `stderr` says which. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, with nothing on standard input and no shell between. */
export function run(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      {
        timeout: options.timeoutMs,
        maxBuffer: 16 * 1024 * 1024,
        ...(options.signal && { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (!error) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ code: error.code, stdout, stderr });
        else resolve({ code: null, stdout, stderr: `${stderr}${reason(error, options.timeoutMs)}` });
      },
    );
    child.stdin?.end();
  });
}

function reason(error: Error & { killed?: boolean | undefined }, timeoutMs: number): string {
  return error.killed && error.name !== "AbortError"
    ? `no answer within ${timeoutMs / 1000} s`
    : error.message;
}
