/** The custom methods between the editor and `portside lsp`; server/portside/lsp/methods.py lists the same. */
export const LAUNCH_TARGETS = "portside/launchTargets";

/** Which part of the workspace to look for servers in; neither field: all of it. */
export interface LaunchTargetsParams {
  uri?: string;
  folder?: string;
}

/** A server that `portside serve` can start. `name`: in the settings. `line` counts from 1. */
export interface LaunchTarget {
  name: string | null;
  kind: "app" | "factory" | "script";
  target: string;
  path: string;
  line: number;
  host: string | null;
  port: number | null;
  appDir: string | null;
  cwd: string | null;
}
