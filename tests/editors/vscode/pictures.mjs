/** What the window shows, kept for the documentation and the walkthrough: `npm run test:editors -- --screenshots`. */
import { mkdirSync } from "node:fs";
import path from "node:path";

const DOCS = process.env.PORTSIDE_SCREENSHOTS;

/** Whether pictures are taken in this run. */
export const PICTURES = Boolean(DOCS);

/** The whole window; or a part of it: {x, y, width, height}. */
export async function picture(page, name, clip) {
  if (!DOCS) return;
  mkdirSync(DOCS, { recursive: true });
  await page.screenshot({ path: path.join(DOCS, `${name}.png`), ...(clip && { clip }) });
}

/** So that text is text in the page, and pictures are easy to read. */
export const READABLE = {
  "terminal.integrated.gpuAcceleration": "off",
  "workbench.colorTheme": "Default Light Modern",
  "editor.minimap.enabled": false,
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
};
