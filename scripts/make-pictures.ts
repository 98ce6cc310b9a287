/**
 * Makes the pictures of the README anew: a simulated run on a terminal, in the middle and at its end, and the report of
 * it. Needs tmux and Chromium. `npm run pictures`, some minutes.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
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

/** Runs the plan and gives the fullest screen that was seen, and the last one. */
async function watchRun(): Promise<{ readonly middle: string; readonly end: string }> {
  const command = `${process.execPath} ${PROGRAM} run ${join(ROOT, "plans/full-coverage.yaml")} --simulate; sleep 3600`;
  tmux("new-session", "-d", "-x", String(COLUMNS), "-y", String(ROWS), command);
  let middle = "";
  let most = 0;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const screen = tmux("capture-pane", "-e", "-p");
    if (screen.includes("Journal and logs:")) return { middle, end: screen };
    // Not the beginning, where all of them still wait: where several measure at once.
    const measuring = screen.split("tok/s").length;
    if (measuring >= most) [middle, most] = [screen, measuring];
  }
}

async function picture(browser: Browser, html: string, name: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1000, height: 640 } });
  await page.setContent(html);
  await page.locator("pre").screenshot({ path: join(PICTURES, name) });
  await page.close();
}

async function reportPicture(browser: Browser, scheme: "light" | "dark"): Promise<void> {
  const file = join(home, "report.html");
  execFileSync(process.execPath, [PROGRAM, "report", "--simulate", "-o", file], { env });
  const page = await browser.newPage({
    viewport: { width: 1200, height: 1500 },
    colorScheme: scheme,
  });
  await page.goto(pathToFileURL(file).href);
  await page.screenshot({ path: join(PICTURES, `report-${scheme}.png`) });
  await page.close();
}

mkdirSync(PICTURES, { recursive: true });
try {
  const { middle, end } = await watchRun();
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
  await picture(browser, terminalPage(middle), "run.png");
  await picture(browser, terminalPage(end), "run-end.png");
  for (const scheme of ["light", "dark"] as const) await reportPicture(browser, scheme);
  await browser.close();
} finally {
  tmux("kill-server");
  rmSync(home, { recursive: true, force: true });
}
