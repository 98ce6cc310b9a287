/**
 * Makes the README's pictures: the terminal in the middle of a simulated run, and its report. Needs tmux and Chromium, and takes some minutes: `npm run pictures`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { terminalPage } from "./terminal-page.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = join(ROOT, "bin/maider-sweep.js");
const PICTURES = join(ROOT, "docs/pictures");
const COLUMNS = 112;
const ROWS = 34;
const LOOK_MS = 500;

const home = mkdtempSync(join(tmpdir(), "mds-pictures-"));
const env = {
  PATH: process.env["PATH"] ?? "",
  HOME: home,
  TERM: "xterm-256color",
  MAIDER_SWEEP_STATE: join(home, "state"),
  MAIDER_SWEEP_DB: join(home, "benchmark-database.json"),
};
const socket = join(home, "tmux");
const tmux = (...argv: readonly string[]): string =>
  execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...argv], { env, encoding: "utf8" });

/** Runs the plan. @returns the screen with the most content */
async function watchRun(): Promise<string> {
  const command = `${process.execPath} ${PROGRAM} run ${join(ROOT, "plans/full-coverage.yaml")} --simulate; sleep 3600`;
  tmux("new-session", "-d", "-x", String(COLUMNS), "-y", String(ROWS), command);
  let middle = "";
  let most = 0;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const screen = tmux("capture-pane", "-e", "-p");
    if (/^Spent /m.test(screen)) return middle;
    // Waits until several rentals are measuring.
    const measuring = screen.split("tok/s").length;
    if (measuring >= most) [middle, most] = [screen, measuring];
  }
}

/** @param part selector of an element; default the visible page */
async function picture(browser: Browser, url: string, name: string, part?: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 1570 } });
  await page.goto(url);
  const path = join(PICTURES, name);
  await (part === undefined ? page.screenshot({ path }) : page.locator(part).screenshot({ path }));
  await page.close();
}

mkdirSync(PICTURES, { recursive: true });
try {
  const screen = join(home, "screen.html");
  writeFileSync(screen, terminalPage(await watchRun()));
  const report = join(home, "report.html");
  execFileSync(process.execPath, [PROGRAM, "report", "--simulate", "-o", report], { env });
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
  await picture(browser, pathToFileURL(screen).href, "run.png", "pre");
  await picture(browser, pathToFileURL(report).href, "report.png");
  await browser.close();
} finally {
  tmux("kill-server");
  rmSync(home, { recursive: true, force: true });
}
