import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { reportPage } from "../../src/report/report-page.ts";
import { sampleRecord } from "../results/sample-record.ts";
import { ASSETS, HOSTILE, manyRecords, reportFacts, usualRun } from "../report/report-rig.ts";

let folder: string;
let browser: Browser;
let page: Page;
/** What must stay empty: errors of the page, and requests for anything but the page itself. */
let complaints: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mds-report-"));
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    // Chromium refuses its sandbox to root, which is who runs tests in a container.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  complaints = [];
  page = await browser.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
});
afterEach(async () => {
  await page.close();
  if (complaints.length > 0) throw new Error(`the page complained:\n${complaints.join("\n")}`);
});

async function open(records = manyRecords(24)): Promise<void> {
  const file = join(folder, "report.html");
  writeFileSync(file, reportPage(reportFacts({ records, runs: [usualRun()] }), ASSETS));
  const url = pathToFileURL(file).href;
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) complaints.push(`request for ${request.url()}`);
  });
  await page.goto(url);
}

const column = (index: number): Promise<string[]> =>
  page.locator(`#table tbody tr:visible > :nth-child(${String(index)})`).allInnerTexts();
const speeds = async (): Promise<number[]> => (await column(4)).map(Number);

describe("the report in Chromium", () => {
  test("chooses the cheapest that is as fast as the slider asks", async () => {
    await open();
    const slider = page.locator("#speed");
    await slider.fill("0");
    const cheapest = await page.locator("#chosen li a").first().innerText();
    await slider.fill("100");
    const fast = await page.locator("#chosen li").allInnerTexts();
    expect(fast.length).toBeGreaterThan(0);
    for (const text of fast)
      expect(Number(/([\d.]+) tokens\/s/.exec(text)?.[1])).toBeGreaterThanOrEqual(100);
    expect(fast[0]).not.toContain(`${cheapest}:`);
    await slider.press("End");
    await slider.press("ArrowLeft");
    expect(await page.locator("#speed-shown").innerText()).not.toBe("100");
  });

  test("sorts the table by any heading, both ways, also by the keyboard", async () => {
    await open();
    const falling = (await speeds()).toSorted((a, b) => b - a);
    await page.getByRole("button", { name: "Tokens/s", exact: true }).click();
    expect(await speeds()).toEqual(falling);
    await page.keyboard.press("Enter");
    expect(await speeds()).toEqual(falling.toReversed());
    expect(await page.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("ascending");
    await page.getByRole("button", { name: "Model" }).click();
    const models = await column(2);
    expect(models).toEqual(models.toSorted((a, b) => a.localeCompare(b)));
  });

  test("keeps what was imported below one's own, however it is sorted", async () => {
    const imported = manyRecords(3).map((record, index) => ({
      ...record,
      id: `imported-${String(index)}`,
      summary: { ...record.summary, origin: "a friend" },
    }));
    await open([...manyRecords(4), ...imported]);
    const marks = page.locator("#table tbody:last-child tr");
    for (const column of [1, 3, 9]) {
      const heading = page.locator("#table thead button").nth(column);
      for (let time = 0; time < 2; time += 1) {
        await heading.click();
        expect(await page.locator("#table tbody:first-of-type tr").count()).toBe(4);
        for (const text of await marks.allInnerTexts()) expect(text).toContain("imported");
        expect(await marks.count()).toBe(3);
      }
    }
    expect(await page.locator("#shown").innerText()).toBe("7 of 7");
  });

  test("filters table, chart and choice by the same words", async () => {
    await open();
    await page.locator("#words").fill("rtx6000 stale");
    const rows = await column(1);
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows)).toEqual(new Set(["rtx6000-2"]));
    expect(await page.locator("#shown").innerText()).toBe(`${String(rows.length)} of 24`);
    await page.locator("#speed").fill("0");
    for (const text of await page.locator("#chosen a").allInnerTexts())
      expect(text).toContain("rtx6000-2");
    await page.locator("#words").fill("no such thing");
    expect(await page.locator("#chosen").innerText()).toContain("nothing that is shown");
  });

  test("shows the chart of the tests that are chosen, with details at the dot that has the focus", async () => {
    await open();
    await page.getByRole("radio", { name: "Reasoning" }).check();
    expect(await page.locator(".chart:visible").getAttribute("data-view")).toBe("reasoning");
    const dots = page.locator(".chart:visible .dots a");
    await page.locator(".chart:visible .dots a[tabindex='0']").focus();
    const first = await page.locator("#tip").innerText();
    await page.keyboard.press("ArrowRight");
    const second = await page.locator("#tip").innerText();
    expect(first).toMatch(/tokens\/s/);
    expect(second).not.toBe(first);
    await page.keyboard.press("Escape");
    expect(await page.locator("#tip").isVisible()).toBe(false);
    await dots.last().hover();
    expect(await page.locator("#tip").isVisible()).toBe(true);
    await dots.last().click();
    expect(new URL(page.url()).hash).toMatch(/^#c\d+$/);
  });

  test("can be made light or dark whatever the system says", async () => {
    await page.emulateMedia({ colorScheme: "light" });
    await open();
    const ground = (): Promise<string> =>
      page.evaluate("getComputedStyle(document.body).backgroundColor") as Promise<string>;
    const light = await ground();
    await page.locator("#theme").click();
    await page.locator("#theme").click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.locator("#theme").click();
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await ground()).toBe(dark);
  });

  test("runs nothing that a database holds", async () => {
    const record = sampleRecord({ gpu: HOSTILE, model: HOSTILE, category: HOSTILE });
    await open([record, ...manyRecords(3)]);
    expect(await page.title()).toBe("Benchmark report");
    expect(await page.locator("img").count()).toBe(0);
  });

  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
    ["dark", 390],
  ] as const)("has no barrier that axe-core calls serious, %s at %i", async (scheme, width) => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await open(
      manyRecords(24).map((record, index) => ({
        ...record,
        summary: {
          ...record.summary,
          simulated: index % 2 === 0,
          ...(index < 12 ? { origin: "a friend" } : {}),
        },
      })),
    );
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as {
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    };
    const found = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
    expect(found).toEqual([]);
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test("prints on paper with all its parts open", async () => {
    await open();
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const { length } = await page.pdf({ format: "A4" });
    expect(length).toBeGreaterThan(10_000);
    expect(await page.locator("#speed").isVisible()).toBe(false);
    expect(await page.locator("#table").isVisible()).toBe(true);
  });
});
