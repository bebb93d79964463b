/** What someone at the keyboard does and sees in VS Code. Every wait ends by itself: the page's timeout. */
import path from "node:path";
import { until } from "../sandbox.mjs";

export class Person {
  constructor(page) {
    this.page = page;
    this.quickInput = page.locator(".quick-input-widget:visible input.input");
    this.statusItem = page.locator('.statusbar-item[aria-label^="Portside:"]');
  }

  async enter(address) {
    await this.page.goto(address);
    await this.page.waitForSelector(".monaco-workbench .explorer-folders-view .monaco-list-row");
    await this.statusItem.waitFor(); // a palette that is opened before does not get the extension's commands
  }

  async openFile(name) {
    await this.page.keyboard.press("Control+P");
    await this.quickInput.waitFor();
    await this.quickInput.fill(name);
    const base = path.basename(name);
    await this.page.locator(`.quick-input-list .monaco-list-row[aria-label*="${base}"]`).first().waitFor();
    await this.page.keyboard.press("Enter");
    await this.page.waitForSelector(`.tab.active[data-resource-name="${base}"]`);
    await this.page.waitForSelector(".monaco-editor.focused");
  }

  /** Back to a file that has a tab, with the pointer: a page that shows itself anew takes the keyboard from a list. */
  async backTo(name) {
    await this.page.locator(`.tab[data-resource-name="${path.basename(name)}"]`).click();
    await this.page.waitForSelector(".monaco-editor.focused");
  }

  async command(title) {
    await this.prepareCommand(title);
    await this.page.keyboard.press("Enter");
  }

  /** Everything but the Enter. */
  async prepareCommand(title) {
    await this.page.keyboard.press("F1");
    await this.quickInput.waitFor();
    await this.quickInput.fill(`>${title}`);
    await this.page.locator(`.quick-input-list .monaco-list-row[aria-label*="${title}"]`).first().waitFor();
  }

  /** Puts the cursor to a line and column, both from 1. */
  async goTo(line, column = 1) {
    await this.page.keyboard.press("Control+G");
    await this.quickInput.waitFor();
    await this.quickInput.fill(`:${line}:${column}`);
    await this.page.keyboard.press("Enter");
    await this.quickInput.waitFor({ state: "hidden" });
    await this.page.waitForSelector(".monaco-editor.focused");
  }

  /** The text of the hover at the cursor, once it is complete: the quick fixes are looked up last. */
  async showHover() {
    await this.command("Show or Focus Hover");
    const hover = this.page.locator(".monaco-hover:visible", { hasText: /Quick Fix\.\.\./ }).first();
    await hover.waitFor();
    return hover.textContent();
  }

  /** Opens the light bulb's menu at the cursor and waits for an entry. */
  async quickFixMenu(title) {
    const entry = this.page.locator(".action-widget .monaco-list-row", { hasText: title });
    await this.page.keyboard.press("Control+Period");
    await entry.first().waitFor();
    return entry.first();
  }

  /** With the keyboard: a click can be blocked by the menu's own pointer block. */
  async choose(entry) {
    await this.focus(entry);
    await this.page.keyboard.press("Enter");
    await entry.waitFor({ state: "detached" });
  }

  async focus(entry) {
    const isFocused = () => entry.evaluate((row) => row.classList.contains("focused"));
    for (let presses = 0; presses < 20 && !(await isFocused()); presses++) {
      await this.page.keyboard.press("ArrowDown");
    }
    await until(isFocused, 60_000, "the entry is focused");
  }

  /** Opens what the entry would change beside what is there; nothing is changed yet. */
  async preview(entry) {
    await this.focus(entry);
    await this.page.keyboard.press("Control+Enter");
    await this.page.waitForSelector(".bulk-edit-panel .monaco-list-row");
  }

  async applyPreview() {
    const apply = this.page.locator(".bulk-edit-panel .monaco-button", { hasText: "Apply" });
    await apply.click();
    await apply.waitFor({ state: "hidden" });
  }

  async saveFile() {
    await this.page.keyboard.press("Control+S");
    await this.page.waitForSelector(".tab.active.dirty", { state: "detached" });
  }

  /** A fix may have changed other files as well. */
  async saveAll() {
    await this.command("File: Save All");
    await this.page.waitForSelector(".tab.dirty", { state: "detached" });
  }

  /** Replaces a line of the active file (counted from 1), and saves. */
  async rewriteLine(line, text) {
    await this.goTo(line);
    await this.page.keyboard.press("Home");
    await this.page.keyboard.press("Home"); // the first one stops at the indentation
    await this.page.keyboard.press("Shift+End");
    await this.page.keyboard.insertText(text);
    await this.saveFile();
  }

  /** Waits for it: the terminal shows what was printed a little later than the status bar knows of it. */
  async terminalSays(pattern) {
    const rows = this.page.locator(".xterm-rows").first();
    await until(async () => pattern.test(await rows.textContent()), 120_000, `${pattern} in the terminal`);
  }

  /** Waits for the text of Portside's item in the status bar. */
  async statusSays(text) {
    await this.page.locator(`.statusbar-item[aria-label^="Portside:"]`, { hasText: text }).waitFor();
  }

  /** A modal dialog with this question. */
  dialog(title) {
    return this.page.locator(".monaco-dialog-box", { hasText: title });
  }

  async buttonOf(dialog, text) {
    const button = dialog.locator(".monaco-button", { hasText: text });
    await button.waitFor();
    return button;
  }

  async press(button) {
    await button.click();
    await button.waitFor({ state: "detached" });
  }

  /** Answers an input box. */
  async type(text) {
    await this.quickInput.waitFor();
    await this.quickInput.fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** A row of the view, by the beginning of what a screen reader says of it. */
  row(label) {
    return this.page.locator(`.sidebar .monaco-list-row[aria-label^="${label}"]`).first();
  }

  /** Uses a button of a row, which shows while the pointer is over the row: that may move as the view grows. */
  async useInRow(row, label) {
    const button = row.locator(`.action-label[aria-label^="${label}"]`);
    const used = async () => {
      await row.hover();
      return button.click({ timeout: 2_000 }).then(
        () => true,
        (error) => {
          if (error.name !== "TimeoutError") throw error;
        },
      );
    };
    await until(used, 60_000, `a click on "${label}"`);
  }

  problem(text) {
    return this.page.locator(".markers-panel .monaco-list-row", { hasText: text }).first();
  }

  /** Waits until the language server has something to say of the active file, at the cursor. */
  async languageServerAnswers() {
    await this.page.waitForSelector(".monaco-editor .squiggly-warning");
    const hover = this.page.locator(".monaco-hover:visible", { hasText: /uvicorn/ }).first();
    const shown = async () => {
      // Asked again: a server that is only just starting leaves a hover empty, and squiggles outlive the last one.
      await this.command("Show or Focus Hover");
      const found = await hover.waitFor({ timeout: 5000 }).then(
        () => true,
        () => false,
      );
      await this.page.keyboard.press("Escape");
      return found;
    };
    const end = performance.now() + 180_000;
    while (!(await shown())) if (performance.now() > end) throw new Error("the language server says nothing");
  }

  toast(text) {
    return this.page.locator(".notification-toast", { hasText: text }).first();
  }
}
