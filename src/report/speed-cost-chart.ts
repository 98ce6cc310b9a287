import { gpuName } from "../catalog/short-names.ts";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { stripControls } from "../support/terminal-text.ts";
import { trustedHtml, type Html } from "./html.ts";
import { paretoFront } from "./pareto-front.ts";
import { chartLabels } from "./chart-labels.ts";

/** A configuration as the chart and the choice by speed see it. */
export interface ChartPoint {
  /** Anchor of its row in the table. */
  readonly anchor: string;
  readonly label: string;
  /** Short, beside a point of the front. */
  readonly name: string;
  /** Of its card: `rtx4000`. */
  readonly family: string;
  /** Tokens a second, median over runs, and its 95 % interval. */
  readonly speed: number;
  readonly low: number;
  readonly high: number;
  /** US dollars for a million output tokens. */
  readonly cost: number;
  readonly unstable: boolean;
}

export function chartPoint(row: ConfigurationResult, anchor: string): ChartPoint {
  const { median, interval, n, unstable } = row.speed;
  const range =
    interval === undefined
      ? ""
      : ` (95 %: ${interval.low.toFixed(1)} to ${interval.high.toFixed(1)})`;
  return {
    anchor,
    label: [
      `${row.name} on ${gpuName(row.gpu)}`,
      `${median.toFixed(1)} tokens/s${range}`,
      `$${row.costPer1M.toFixed(2)} for 1M tokens, $${row.hourlyUsd.toFixed(2)} an hour`,
      `${n} ${n === 1 ? "pass" : "passes"}${unstable ? ", unstable" : ""}${row.simulated ? ", SIMULATED" : ""}${row.origin === undefined ? "" : `, imported: ${row.origin}`}`,
    ].join("; "),
    name: `${row.name} · ${gpuName(row.gpu)}`,
    family: familyOf(row.gpu),
    speed: median,
    low: interval?.low ?? median,
    high: interval?.high ?? median,
    cost: row.costPer1M,
    unstable,
  };
}

/** `g2-gpu-rtx4000a2-s` -> `rtx4000`. */
export function familyOf(gpu: string): string {
  return gpuName(gpu).replace(/a\d.*$|-\d+$/, "");
}

const WIDTH = 960;
const HEIGHT = 480;
/** Beyond the outermost points, as a factor. */
const MARGIN = 1.3;
/** The page's style gives them their colours; what has none of its own shares the last. */
export const FAMILY_CLASSES = ["f0", "f1", "f2", "f3", "f4"] as const;
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star"] as const;

/**
 * Speed against cost as SVG: dots are links to their rows, bars the 95 % intervals (cost follows from speed, so they
 * slant; one that is wider than the picture ends at its edge), the line is the Pareto front. `families` decides on colour and shape, the same in all charts.
 */
export function speedCostChart(points: readonly ChartPoint[], families: readonly string[]): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const drawn = points.filter(({ cost, speed }) => cost > 0 && speed > 0);
  const front = paretoFront(drawn.filter(({ unstable }) => !unstable));
  const names = chartLabels(front, drawn);
  const [costs, speeds] = [
    around(drawn.map(({ cost }) => cost)),
    around(drawn.map(({ speed }) => speed)),
  ];
  const look = (point: ChartPoint): number =>
    Math.min(Math.max(0, families.indexOf(point.family)), SYMBOLS.length - 1);
  const svg = Plot.plot({
    // Any DOM will do; the types of a browser are not part of this project.
    document: document as never,
    className: "plot",
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 56,
    marginBottom: 44,
    marginTop: 28,
    marginRight: 24,
    grid: true,
    x: {
      type: "log",
      domain: costs,
      label: "US dollars for 1M tokens (cheaper is left) →",
      tickFormat: "~g",
      ticks: 6,
    },
    y: {
      type: "log",
      domain: speeds,
      label: "↑ Tokens a second (faster is up)",
      tickFormat: "~g",
      ticks: 6,
    },
    marks: [
      Plot.line(front, { x: "cost", y: "speed", curve: "step-after", className: "front" }),
      Plot.link(
        drawn.map((point) => barWithin(point, costs, speeds)),
        {
          x1: "costAtLow",
          x2: "costAtHigh",
          y1: "low",
          y2: "high",
          className: "intervals",
        },
      ),
      Plot.dot(drawn, {
        x: "cost",
        y: "speed",
        r: 5.5,
        symbol: (point: ChartPoint) => SYMBOLS[look(point)],
        href: ({ anchor }: ChartPoint) => `#${anchor}`,
        ariaLabel: "label",
        sort: null,
        className: "dots",
      }),
      ...names.map(({ anchor, shown }) =>
        Plot.text(shown, {
          x: "cost",
          y: "speed",
          text: "name",
          dx: anchor === "start" ? 9 : -9,
          dy: 12,
          textAnchor: anchor,
          className: "names",
        }),
      ),
    ],
    symbol: { type: "identity" } as never,
  });
  finish(svg, drawn, look);
  return trustedHtml(svg.outerHTML);
}

/** An axis for the points: what is known of two runs may reach from nothing to a million. */
function around(values: readonly number[]): [number, number] {
  return values.length === 0
    ? [1, 10]
    : [Math.min(...values) / MARGIN, Math.max(...values) * MARGIN];
}

/** The interval as far as it lies in the picture; cost times speed is the same all along it. */
function barWithin(
  { cost, speed, low, high }: ChartPoint,
  [leastCost, mostCost]: [number, number],
  [leastSpeed, mostSpeed]: [number, number],
) {
  const price = cost * speed;
  const from = Math.max(low, leastSpeed, price / mostCost);
  const to = Math.min(high, mostSpeed, price / leastCost);
  return { low: from, high: to, costAtLow: price / from, costAtHigh: price / to };
}

/** As much of the DOM as is used here. */
interface SvgElement {
  readonly attributes: Iterable<{ name: string; value: string }>;
  querySelectorAll(selector: string): Iterable<SvgElement>;
  setAttribute(name: string, value: string): void;
  getAttribute(name: string): string | null;
  removeAttribute(name: string): void;
  remove(): void;
}

/** The page's own style and script take over; figures lose digits that nobody sees. */
function finish(
  svg: SvgElement,
  points: readonly ChartPoint[],
  look: (point: ChartPoint) => number,
): void {
  for (const style of svg.querySelectorAll("style")) style.remove();
  for (const group of svg.querySelectorAll("g")) group.removeAttribute("aria-label");
  for (const element of svg.querySelectorAll("*")) {
    for (const { name, value } of element.attributes)
      if (SHAPE.has(name)) element.setAttribute(name, value.replaceAll(/-?\d+\.\d+/g, shorter));
  }
  const links = [...svg.querySelectorAll("a")];
  for (const [index, point] of points.entries()) {
    const link = links[index];
    const shape = [...(link?.querySelectorAll("path, circle") ?? [])][0];
    if (link === undefined || shape === undefined) continue;
    link.setAttribute("href", `#${point.anchor}`);
    link.removeAttribute("xlink:href");
    link.setAttribute("class", FAMILY_CLASSES[look(point)] ?? "");
    link.setAttribute("aria-label", stripControls(point.label));
    link.setAttribute("data-speed", point.speed.toFixed(2));
    link.setAttribute("data-cost", point.cost.toFixed(4));
    if (point.unstable) link.setAttribute("data-unstable", "");
    shape.removeAttribute("aria-label");
  }
}

const SHAPE: ReadonlySet<string> = new Set("x x1 x2 y y1 y2 cx cy r d transform".split(" "));

function shorter(figure: string): string {
  return String(Math.round(Number(figure) * 10) / 10);
}
