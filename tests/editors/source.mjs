/** Modules of the extension that need no editor, as Node can import them. */
import path from "node:path";
import { build } from "esbuild";
import { CHECKOUT } from "../../scripts/environment.mjs";

/** The exports of editor-client/src/NAME.ts. */
export async function source(name) {
  const { outputFiles } = await build({
    entryPoints: [path.join(CHECKOUT, "editor-client/src", `${name}.ts`)],
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}
