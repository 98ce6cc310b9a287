import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startReferenceServer, type ReferenceServer } from "../../support/reference-server.ts";
import { parsePrometheus } from "../../../src/vllm/prometheus.ts";
import { ask, fixedLength } from "../ssh/ssh-login.ts";
import { recorded } from "./recorded.ts";

const REQUESTS = 5;
const TOKENS = 12;
const WINDOW = 8192;
let server: ReferenceServer;
let page: string;

beforeAll(async () => {
  server = await startReferenceServer({
    ttftMs: 2,
    tpotMs: 0.1,
    model: 'a "tiny" one',
    maxModelLen: WINDOW,
  });
  for (let index = 0; index < REQUESTS; index += 1)
    await send("/v1/chat/completions", fixedLength(server.model, TOKENS));
  page = await send("/metrics");
});
afterAll(() => server.close());

async function send(path: string, body?: unknown): Promise<string> {
  return (await ask(connect(server.port, "127.0.0.1"), path, body)).body;
}

function samples(name: string) {
  return parsePrometheus(page).filter((sample) => sample.name === `vllm:${name}`);
}

test("the page has the names and labels of a real one, without its web framework's and its Python's", () => {
  const names = (text: string): string[] => {
    const known = parsePrometheus(text)
      .filter(({ name }) => !/^(?:http|python)_/.test(name))
      .map(({ name, labels }) =>
        name === "vllm:cache_config_info"
          ? name
          : `${name} ${Object.keys(labels).toSorted().join()}`,
      );
    return [...new Set(known)].toSorted();
  };
  expect(names(page)).toEqual(names(recorded("metrics_after_few").body));
});

test("counters have the served tokens, with the model's name as a label", () => {
  expect(samples("generation_tokens_total")).toEqual([
    {
      name: "vllm:generation_tokens_total",
      labels: { engine: "0", model_name: server.model },
      value: REQUESTS * TOKENS,
    },
  ]);
  const finished = samples("request_success_total").map(({ labels, value }) => [
    labels["finished_reason"],
    value,
  ]);
  expect(Object.fromEntries(finished)).toMatchObject({ length: REQUESTS, stop: 0, abort: 0 });
});

test.each([
  ["time_to_first_token_seconds", REQUESTS],
  ["inter_token_latency_seconds", REQUESTS * (TOKENS - 1)],
  ["request_decode_time_seconds", REQUESTS],
  ["request_generation_tokens", REQUESTS],
  ["iteration_tokens_total", REQUESTS * TOKENS],
])("%s has %i observations, in cumulative buckets", (name, count) => {
  const values = (part: string) => samples(`${name}_${part}`).map(({ value }) => value);
  const buckets = values("bucket");
  expect(values("count")).toEqual([count]);
  expect(buckets.at(-1)).toBe(count);
  expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
  expect(values("sum")[0]).toBeGreaterThan(0);
});

test("the cache's size is among the labels of its configuration", () => {
  const [config] = samples("cache_config_info");
  expect(config?.labels).toMatchObject({
    block_size: "16",
    kv_cache_max_concurrency: "64",
    kv_cache_size_tokens: String(64 * WINDOW),
    num_gpu_blocks: String((64 * WINDOW) / 16),
    gpu_memory_utilization: "0.9",
  });
});

test("the start of the counters is that of the process", () => {
  const began = parsePrometheus(page).find(({ name }) => name === "process_start_time_seconds");
  expect(began?.value).toBeGreaterThan(1.7e9);
  expect(samples("generation_tokens_created")[0]?.value).toBe(began?.value);
});
