import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { PageAssets } from "../../report/report-facts.ts";
import { sleepReal } from "../../support/clock.ts";
import { errorText } from "../../support/errors.ts";

/** A browser that cannot be found fails at once; one that starts may run as long as it likes. */
const OPENER_FAILS_WITHIN_MS = 1_500;

export async function pageAssets(): Promise<PageAssets> {
  const read = (name: string): Promise<string> =>
    readFile(fileURLToPath(new URL(`../../../templates/report/${name}`, import.meta.url)), "utf8");
  const [style, script] = await Promise.all([read("page.css"), read("page.js")]);
  return { style, script };
}

/** @returns why it could not be opened; undefined when it was, as far as anyone can tell. */
export async function openInBrowser(file: string): Promise<string | undefined> {
  const { execa } = await import("execa");
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const browser = execa(opener, [file], { detached: true, stdio: "ignore", cleanup: false });
  browser.nodeChildProcess.unref();
  const failed = browser.then(
    () => undefined,
    (error: unknown) => errorText(error).split("\n")[0],
  );
  return Promise.race([failed, sleepReal(OPENER_FAILS_WITHIN_MS).then(() => undefined)]);
}
