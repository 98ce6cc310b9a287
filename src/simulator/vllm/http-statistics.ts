import {
  createHistogram,
  FINE_REQUEST_BOUNDS,
  REQUEST_BOUNDS,
  type Histogram,
} from "./histogram.ts";
import type { Labels, PrometheusText } from "./prometheus-text.ts";

/** What the HTTP layer of a vLLM counts by itself. */
export interface HttpStatistics {
  record(request: {
    readonly handler: string;
    readonly method: string;
    readonly status: number;
    readonly requestBytes: number;
    readonly responseBytes: number;
    /** Virtual. */
    readonly seconds: number;
  }): void;
  write(text: PrometheusText): void;
}

export function createHttpStatistics(): HttpStatistics {
  const requests = series([1]);
  const requestSizes = series([1]);
  const responseSizes = series([1]);
  const durations = series(REQUEST_BOUNDS);
  const allDurations = series(FINE_REQUEST_BOUNDS);
  return {
    record: ({ handler, method, status, requestBytes, responseBytes, seconds }) => {
      requests.of({ handler, method, status: `${String(Math.floor(status / 100))}xx` }).observe(1);
      requestSizes.of({ handler }).observe(requestBytes);
      responseSizes.of({ handler }).observe(responseBytes);
      durations.of({ handler, method }).observe(seconds);
      allDurations.of({}).observe(seconds);
    },
    write: (text) => {
      text.counter(
        "http_requests",
        "Total number of requests by method, status and handler.",
        requests.all().map(([labels, histogram]) => [labels, histogram.count]),
      );
      const size = (of: string): string => `Content length of ${of} by handler.`;
      text.summary("http_request_size_bytes", size("incoming requests"), requestSizes.all());
      text.summary("http_response_size_bytes", size("outgoing responses"), responseSizes.all());
      const latency = "Latency of requests in seconds.";
      text.histogram("http_request_duration_highr_seconds", latency, allDurations.all());
      text.histogram("http_request_duration_seconds", latency, durations.all());
    },
  };
}

function series(bounds: readonly number[]) {
  const found = new Map<string, readonly [Labels, Histogram]>();
  return {
    of: (labels: Labels): Histogram => {
      const key = JSON.stringify(labels);
      const entry = found.get(key) ?? ([labels, createHistogram(bounds)] as const);
      found.set(key, entry);
      return entry[1];
    },
    all: () => [...found.values()],
  };
}
