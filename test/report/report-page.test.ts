import * as fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { html } from "../../src/report/html.ts";
import { paretoFront } from "../../src/report/pareto-front.ts";
import { reportPage } from "../../src/report/report-page.ts";
import type { ReportFacts } from "../../src/report/report-facts.ts";
import { familyOf } from "../../src/report/speed-cost-chart.ts";
import { usefulTime } from "../../src/report/vm-utilisation.ts";
import type { LoadResult } from "../../src/evidence/load-result.ts";
import { sampleRecord } from "../results/sample-record.ts";
import { labelOf } from "../cli/output/sample-events.ts";
import { ASSETS, HOSTILE, manyRecords, reportFacts, usualRun } from "./report-rig.ts";

interface Element {
  readonly textContent: string;
  readonly outerHTML: string;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Element>;
}
function open(facts: Partial<ReportFacts> = {}) {
  const markup = reportPage(reportFacts(facts), ASSETS);
  const document = parseHTML(markup).document as unknown as Element;
  const all = (selector: string): Element[] => [...document.querySelectorAll(selector)];
  const text = (selector: string): string =>
    all(selector)
      .map(({ textContent }) => textContent.replaceAll(/\s+/g, " ").trim())
      .join("\n");
  return { markup, all, text };
}

describe("html", () => {
  it("lets no value change the markup around it", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const { document } = parseHTML(
          `<html><body>${html`<p title="${value}">${value}</p>`.markup}</body></html>`,
        );
        expect((document as unknown as Element).outerHTML ?? "").not.toContain("<script");
        const body = [...(document as unknown as Element).querySelectorAll("body *")];
        expect(body).toHaveLength(1);
      }),
    );
  });

  it("leaves out control characters and those that turn the direction of a line", () => {
    expect(html`${"a\u0000\u202eb\u001b[31m"}`.markup).toBe("ab");
  });
});

describe("paretoFront", () => {
  it("holds exactly those that no other beats in both", () => {
    const point = fc.record({
      speed: fc.integer({ min: 1, max: 9 }),
      cost: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(point), (points) => {
        const front = paretoFront(points);
        const beaten = (one: { speed: number; cost: number }): boolean =>
          points.some(
            (other) =>
              other.speed >= one.speed &&
              other.cost <= one.cost &&
              (other.speed > one.speed || other.cost < one.cost),
          );
        expect(front.some(beaten)).toBe(false);
        for (const one of points.filter((each) => !beaten(each))) expect(front).toContainEqual(one);
      }),
    );
  });
});

it("a GPU type's family is its card", () => {
  expect(
    ["g2-gpu-rtx4000a2-hs", "g1-gpu-rtx6000-2", "g3-gpu-rtxpro6000-blackwell-1", "other"].map(
      familyOf,
    ),
  ).toEqual(["rtx4000", "rtx6000", "rtxpro6000", "other"]);
});

describe("the time of a VM", () => {
  it("is useful as far as it led to a sound pass", () => {
    const minute = 60_000;
    expect(usefulTime(usualRun().events).get(labelOf(1))).toEqual({
      setUpMs: 10 * minute,
      loadMs: 5 * minute,
      measuringMs: 20 * minute,
    });
  });

  it("is wasted altogether when no pass was sound", () => {
    const events = usualRun().events.filter(({ type }) => type !== "pass.finished");
    expect(usefulTime(events).get(labelOf(1))).toEqual({ setUpMs: 0, loadMs: 0, measuringMs: 0 });
  });
});

describe("the report", () => {
  it("decides first: for each task, the fastest, the cheapest", () => {
    const { all } = open({
      records: [
        ...[100, 101, 102].map((speed) => sampleRecord({ model: "a/Fast", speed, hourly: 4 })),
        ...[40, 41, 42].map((speed) => sampleRecord({ model: "a/Cheap", speed, hourly: 0.5 })),
      ],
    });
    expect(all("main > section")[0]?.getAttribute("aria-labelledby")).toBe("decision");
    const cards = all(".cards > li").map(({ textContent }) => textContent);
    expect(cards).toHaveLength(5);
    for (const index of [0, 1, 2, 4]) expect(cards[index]).toContain("Cheap on rtx4000a1-s");
    expect(cards[3]).toContain("Fast on rtx4000a1-s");
    expect(all(".front path")[0]?.getAttribute("d")).toMatch(/L.*L/);
  });

  it("shows throughput, speed for each user and price under load, only where it was measured", () => {
    const load: LoadResult[] = [
      {
        in_flight: 4,
        requests: 8,
        failed: 0,
        out_tps: 200,
        per_user_tps: 50,
        ttft_ms: { p50: 300 },
        verdict: "sound",
        reasons: [],
      },
    ];
    const { text } = open({ records: [sampleRecord({ hourly: 0.72, summary: { load } })] });
    expect(text('[aria-labelledby="load"] tbody')).toMatch(
      /rtx4000a1-s\s+Coder-7B\s+4\s*200\.0\s*50\.0\s*1\.00\s*300\s*1/,
    );
    expect(open({ records: [sampleRecord()] }).all("#load")).toHaveLength(0);
  });

  it("calls no unstable configuration the fastest, and says what cannot be told apart", () => {
    const { text } = open({
      records: [
        ...[100, 150, 220].map((speed) => sampleRecord({ model: "a/Jumpy", speed })),
        ...[80, 81, 82].map((speed) => sampleRecord({ model: "a/Steady", speed })),
        ...[80, 81, 83].map((speed) => sampleRecord({ model: "a/Twin", speed })),
      ],
    });
    const fastest = text(".cards > li:nth-child(4)");
    expect(fastest).toMatch(/Fastest (Steady|Twin) on/);
    expect(fastest).toMatch(/No difference shown to: (Steady|Twin) on/);
    expect(fastest).not.toContain("Jumpy");
    expect(text("#table")).toContain("unstable");
  });

  const imported = { origin: "a friend" };
  const friendly = [
    ...[100, 101, 102].map((speed) => sampleRecord({ model: "a/Fast", speed, summary: imported })),
    ...[40, 90, 190].map((speed) => sampleRecord({ model: "a/Jumpy", speed, summary: imported })),
    ...[40, 41, 42].map((speed) => sampleRecord({ model: "a/Own", speed })),
  ];

  it("shows what was imported below and by itself, and lets it win nothing", () => {
    const { all, text } = open({ records: friendly });
    for (const card of all(".cards .winner")) expect(card.textContent).toContain("Own on");
    for (const dot of all(".dots a")) expect(dot.getAttribute("aria-label")).toContain("Own on");
    const [own, head, others, ...more] = all("#table tbody");
    expect(own?.textContent).not.toContain("imported");
    expect(own?.querySelectorAll("tr")).toHaveLength(1);
    expect(head?.textContent).toContain("Imported, ranked apart");
    expect(others?.textContent.match(/imported: a friend/g)).toHaveLength(2);
    expect(more).toEqual([]);
    expect(text("main > section:nth-of-type(1)")).not.toContain("Fast on");
  });

  it("ranks and charts what was imported with one's own where that was asked for", () => {
    const { all } = open({ records: friendly, withImported: true });
    for (const card of all(".cards .winner")) expect(card.textContent).toContain("Fast on");
    const dots = all(".chart[data-view=all] .dots a").map((dot) => dot.getAttribute("aria-label"));
    expect(dots).toHaveLength(3);
    expect(dots.filter((label) => label?.includes("imported: a friend"))).toHaveLength(2);
    expect(all("#table tbody")).toHaveLength(1);
  });

  it("sums up what VMs cost: planned, billed, useful and wasted minutes", () => {
    const { text } = open();
    expect(text("details summary")).toContain(
      "planned $5.00 (at worst $9.00), billed $1.04 of a cap of $60.00; finished",
    );
    expect(text("details tbody tr")).toBe(
      `${labelOf(1)} g2-gpu-rtx4000a1-s us-ord 2026-11-24 10:00 2026-11-24 11:10 3 2 $1.04 35 85`,
    );
  });

  it("shows failures with their reasons, coverage with what is missing, and what is stale", () => {
    const { text } = open();
    expect(text("section:nth-of-type(5)")).toContain("out_of_memory");
    expect(text("section:nth-of-type(4)")).toContain("Missing GPU types");
    expect(text("#table")).toContain("stale");
  });

  it("marks simulated results wherever they stand", () => {
    const { text, all } = open({
      records: manyRecords(3).map((record) => ({
        ...record,
        summary: { ...record.summary, simulated: true },
      })),
      runs: [usualRun("world")],
    });
    expect(text("h1")).toContain("SIMULATED");
    for (const place of [".cards > li", "figcaption", "#table tbody tr", "details summary"])
      for (const { textContent } of all(place)) expect(textContent).toContain("SIMULATED");
    for (const dot of all(".dots a")) expect(dot.getAttribute("aria-label")).toContain("SIMULATED");
    expect(open().markup.replace(ASSETS.style, "")).not.toContain("SIMULATED");
  });

  it("takes no text of a database or a journal for markup", () => {
    const hostile = {
      gpu: HOSTILE,
      model: HOSTILE,
      category: HOSTILE,
      vllm: { vllm_version: HOSTILE },
    };
    const { all, text } = open({
      records: [
        sampleRecord(hostile),
        sampleRecord({ ...hostile, summary: { verdict: { state: "failed", reasons: [HOSTILE] } } }),
      ],
      database: HOSTILE,
      problems: [HOSTILE],
    });
    expect(all("script")).toHaveLength(1);
    expect(all("script")[0]?.textContent).toBe(ASSETS.script);
    expect(all("img, iframe, object, link, base, form")).toEqual([]);
    expect(all("*").filter((one) => one.outerHTML.match(/^<[^>]* on\w+=/) !== null)).toEqual([]);
    expect(text("#table")).toContain("onerror");
  });

  it("asks for nothing from outside: its policy names only itself, and there is no address in it", () => {
    const { all, markup } = open();
    const [policy] = all("meta[http-equiv]");
    expect(policy?.getAttribute("content")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
    );
    expect(markup.replaceAll("http://www.w3.org/", "")).not.toMatch(
      /https?:|@import|url\(| style="/,
    );
  });

  it("keeps its points apart beside an interval of two runs that reaches from nothing to a million", () => {
    const records = [
      ...[20, 24].map((speed) => sampleRecord({ gpu: "g1-gpu-rtx6000-2", speed })),
      ...[40, 40.1, 40.2].map((speed) => sampleRecord({ speed })),
      ...[80, 80.1, 80.2].map((speed) => sampleRecord({ gpu: "g1-gpu-rtx6000-3", speed })),
    ];
    const { all } = open({ records });
    const [chart] = all(".chart");
    const heights = [...(chart?.querySelectorAll(".dots a path, .dots a circle") ?? [])].map(
      (dot) => Number(/translate\([^,]+,([\d.]+)\)/.exec(dot.getAttribute("transform") ?? "")?.[1]),
    );
    expect(heights).toHaveLength(3);
    expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(200);
    const bars = [...(chart?.querySelectorAll(".intervals path") ?? [])].flatMap(
      (bar) => (bar.getAttribute("d") ?? "").match(/-?[\d.]+/g)?.map(Number) ?? [NaN],
    );
    expect(bars.length).toBe(12);
    for (const at of bars) expect(at).toBeGreaterThanOrEqual(0);
    for (const at of bars) expect(at).toBeLessThanOrEqual(960);
  });

  it("stays under 1 MB for 200 configurations", () => {
    const { all, markup } = open({ records: manyRecords(200) });
    expect(all("#table tbody tr")).toHaveLength(200);
    expect(Buffer.byteLength(markup)).toBeLessThan(1_000_000);
  });

  it("says what is missing when there is nothing yet", () => {
    const { text } = open({ records: [], runs: [] });
    expect(text("main")).toContain("No sound results yet");
    expect(text("main")).toContain("No run has a journal here");
  });
});
