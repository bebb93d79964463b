import * as path from "node:path";
import * as vscode from "vscode";
import { withServer } from "./attaching";
import type { LanguageServer } from "./client";
import type { Desk } from "./desk";
import type { Interpreters } from "./interpreters";
import type { Registry } from "./registry";
import { type Choice, chooseTarget, findTargets, findWorkspaceTargets, serveArguments } from "./targets";

/** The debug type in launch.json. */
export const TYPE = "portside";

/** A `portside serve` under the debugger; package.json describes each attribute. */
export interface DebugConfiguration extends vscode.DebugConfiguration {
  target?: string;
  arguments?: string[];
  python?: string;
  cwd?: string;
  env?: Record<string, string>;
  noDebug?: boolean;
}

/** What launch.json need not say: which server, in which folder, with which interpreter. */
export class DebugConfigurations implements vscode.DebugConfigurationProvider {
  constructor(
    private readonly server: LanguageServer,
    private readonly interpreters: Interpreters,
    private readonly desk: Desk,
    private readonly registry: Registry,
  ) {}

  /** For a new launch.json, and for the list behind "Run and Debug". */
  async provideDebugConfigurations(
    folder: vscode.WorkspaceFolder | undefined,
  ): Promise<vscode.DebugConfiguration[]> {
    const choices = await findWorkspaceTargets(this.server);
    return choices
      .filter((choice) => !folder || choice.folder.uri.toString() === folder.uri.toString())
      .map((choice) => configurationOf(choice));
  }

  /** F5 without a launch.json hands over nothing: then it is the server of the active file. */
  async resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    given: DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    if (given.request === "attach") return withServer(given, this.registry);
    if (given.request) return given;
    const choices = await findTargets(this.server);
    const choice = await chooseTarget(choices);
    if (choice) return { ...configurationOf(choice), ...(given.noDebug && { noDebug: true }) };
    if (choices.length === 0) void vscode.window.showWarningMessage(nothingToDebug());
    return undefined;
  }

  async resolveDebugConfigurationWithSubstitutedVariables(
    folder: vscode.WorkspaceFolder | undefined,
    given: DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const where = folder ?? vscode.workspace.workspaceFolders?.[0];
    const cwd = path.resolve(where?.uri.fsPath ?? "", given.cwd ?? "");
    if (given.request === "attach") return { justMyCode: true, ...given, cwd };
    const python = given.python ?? (await this.interpreters.of(where))?.path;
    const settings = vscode.workspace.getConfiguration("portside.serve", where);
    const asks = this.desk.address;
    return {
      console: "integratedTerminal",
      internalConsoleOptions: "neverOpen",
      justMyCode: true,
      ...given,
      cwd,
      ...(python && { python }),
      arguments: [...(given.arguments ?? []), ...settings.get<string[]>("arguments", [])],
      env: { ...(asks && { PORTSIDE_ASK: asks }), ...given.env },
    };
  }
}

/** A configuration that launch.json can keep. */
export function configurationOf({ folder, target }: Choice): DebugConfiguration {
  const [name, ...rest] = serveArguments(target);
  const cwd = target.cwd && path.relative(folder.uri.fsPath, target.cwd);
  return {
    type: TYPE,
    request: "launch",
    name: vscode.l10n.t("Debug {0}", name),
    target: name,
    ...(rest.length > 0 && { arguments: rest }),
    ...(cwd && { cwd: path.isAbsolute(cwd) ? cwd : `\${workspaceFolder}/${cwd}` }),
  };
}

function nothingToDebug(): string {
  return vscode.l10n.t(
    "No server was found: neither an ASGI app such as app = FastAPI() nor a script that launches one.",
  );
}
