import type { Histogram } from "./histogram.ts";

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

/** Writes Prometheus' text format as Python's client library does, `_created` gauges included. */
export interface PrometheusText {
  gauge(name: string, help: string, samples: readonly Sample[]): void;
  /** `name` without `_total`. */
  counter(name: string, help: string, samples: readonly Sample[]): void;
  /** A counter whose name is taken as it is and that has no `_created`. */
  plainCounter(name: string, help: string, samples: readonly Sample[]): void;
  histogram(name: string, help: string, samples: readonly (readonly [Labels, Histogram])[]): void;
  /** Sum and count only. */
  summary(name: string, help: string, samples: readonly (readonly [Labels, Histogram])[]): void;
  text(): string;
}

/** `created`: seconds since the epoch, when the counters began. */
export function createPrometheusText(created: number): PrometheusText {
  const lines: string[] = [];
  const head = (name: string, help: string, type: string): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  };
  const sample = (name: string, labels: Labels, value: number): void => {
    lines.push(`${name}${labelText(labels)} ${pythonFloat(value)}`);
  };
  const createdGauge = (name: string, help: string, all: readonly Labels[]): void => {
    head(`${name}_created`, help, "gauge");
    for (const labels of all) sample(`${name}_created`, labels, created);
  };
  const total = (name: string, labels: Labels, histogram: Histogram): void => {
    sample(`${name}_count`, labels, histogram.count);
    sample(`${name}_sum`, labels, histogram.sum);
  };
  return {
    gauge: (name, help, samples) => {
      head(name, help, "gauge");
      for (const [labels, value] of samples) sample(name, labels, value);
    },
    plainCounter: (name, help, samples) => {
      head(name, help, "counter");
      for (const [labels, value] of samples) sample(name, labels, value);
    },
    counter: (name, help, samples) => {
      head(`${name}_total`, help, "counter");
      for (const [labels, value] of samples) sample(`${name}_total`, labels, value);
      createdGauge(
        name,
        help,
        samples.map(([labels]) => labels),
      );
    },
    histogram: (name, help, samples) => {
      head(name, help, "histogram");
      for (const [labels, histogram] of samples) {
        for (const [bound, count] of histogram.buckets())
          sample(`${name}_bucket`, { ...labels, le: boundText(bound) }, count);
        total(name, labels, histogram);
      }
      createdGauge(
        name,
        help,
        samples.map(([labels]) => labels),
      );
    },
    summary: (name, help, samples) => {
      head(name, help, "summary");
      for (const [labels, histogram] of samples) total(name, labels, histogram);
      createdGauge(
        name,
        help,
        samples.map(([labels]) => labels),
      );
    },
    text: () => `${lines.join("\n")}\n`,
  };
}

function labelText(labels: Labels): string {
  const names = Object.keys(labels).toSorted();
  if (names.length === 0) return "";
  const escape = (value: string): string => value.replace(/["\\]/g, String.raw`\$&`);
  return `{${names.map((name) => `${name}="${escape(labels[name] ?? "")}"`).join(",")}}`;
}

function boundText(bound: number): string {
  return bound === Infinity ? "+Inf" : pythonFloat(bound);
}

/** `1.0`, `0.5`, `1.795487565587375e+09`: an exponent from a million on. */
function pythonFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value.toFixed(1);
  if (Math.abs(value) < 1e6) return String(value);
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e+");
  return `${mantissa}e+${exponent.padStart(2, "0")}`;
}
