import * as vscode from "vscode";
import { findInterpreter, type Interpreter } from "./interpreter";

/** The interpreter of each folder of the workspace: what runs there is that folder's own choice. */
export class Interpreters {
  private readonly known = new Map<string, Promise<Interpreter | undefined>>();

  /** Throws an Error with a message for the user where a setting names something that does not run. */
  of(folder: vscode.WorkspaceFolder | undefined): Promise<Interpreter | undefined> {
    const key = folder?.uri.toString() ?? "";
    const known = this.known.get(key) ?? findInterpreter(folder?.uri);
    this.known.set(key, known);
    known.catch(() => this.known.delete(key)); // what is mended is looked for again
    return known;
  }

  /** Effect: they are asked now, and the first start has not to wait for it. */
  lookAhead(): void {
    for (const folder of vscode.workspace.workspaceFolders ?? []) void this.of(folder).catch(() => {}); // told when a server is started there
  }

  /** A setting, a choice or the trust has changed. */
  forget(): void {
    this.known.clear();
  }
}
