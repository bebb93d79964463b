/** What the window shows, kept for the documentation and the walkthrough: `npm run test:editors -- --screenshots`. */
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { CHECKOUT, PYTHON } from "../../../scripts/environment.mjs";

const DOCS = process.env.PORTSIDE_SCREENSHOTS;
const WALKTHROUGH = path.join(CHECKOUT, "editor-client/walkthrough");

/** Whether pictures are taken in this run. */
export const PICTURES = Boolean(DOCS);

/** The whole window, for the documentation. */
export function picture(page, name) {
  return DOCS && shoot(page, path.join(DOCS, `${name}.png`));
}

/** A part of it ({x, y, width, height}) for the walkthrough. */
export function detail(page, name, clip) {
  return DOCS && shoot(page, path.join(WALKTHROUGH, `${name}.png`), clip);
}

async function shoot(page, file, clip) {
  mkdirSync(path.dirname(file), { recursive: true });
  await page.screenshot({ path: file, ...(clip && { clip }) });
}

/** So that text is text in the page, and pictures are easy to read. */
export const READABLE = {
  "terminal.integrated.gpuAcceleration": "off",
  "workbench.colorTheme": "Default Light Modern",
  "editor.minimap.enabled": false,
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "files.exclude": { ".venv": true },
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is VS Code's placeholder.
const IN_FOLDER = "${workspaceFolder}/.venv/bin/python";

/** Pictures show the folder's own environment, and not where this checkout lies. */
export const INTERPRETER = { "portside.interpreter": PICTURES ? IN_FOLDER : PYTHON };

export function linkEnvironment(workspace) {
  if (PICTURES) symlinkSync(path.join(CHECKOUT, ".venv"), path.join(workspace, ".venv"));
}
