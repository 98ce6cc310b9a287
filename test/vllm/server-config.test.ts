import { describe, expect, it } from "vitest";
import { cacheFacts, serverConfig } from "../../src/vllm/server-config.ts";
import { sample } from "../benchmark/recorded-reply.ts";

const metrics = sample("metrics_before");
const fingerprint = "vllm-0.32.0-3bef6e5d";
const config = serverConfig(metrics, fingerprint);

describe("the configuration of a server of which only the API is known", () => {
  it("is in short its fingerprint, its engines and a digest of its labels", () => {
    expect(config).toMatch(/^vllm-0\.32\.0-3bef6e5d, 1 engine, [0-9a-f]{8}$/);
  });

  it("does not change while the server works, nor with what a start finds out anew", () => {
    expect(serverConfig(sample("metrics_after_few"), fingerprint)).toBe(config);
    const restarted = metrics.replaceAll('num_gpu_blocks="8192"', 'num_gpu_blocks="8190"');
    expect(restarted).not.toBe(metrics);
    expect(serverConfig(restarted, fingerprint)).toBe(config);
  });

  it.each([
    ["another fingerprint", metrics, "vllm-0.32.0-fa08076e"],
    ["no fingerprint", metrics, undefined],
    ["another block size", metrics.replace('block_size="128"', 'block_size="16"'), fingerprint],
    ["a second engine", `${metrics}\nvllm:num_requests_running{engine="1"} 0\n`, fingerprint],
    [
      "another gauge of this kind",
      `${metrics}\nvllm:lora_requests_info{max_lora="4"} 1\n`,
      fingerprint,
    ],
  ])("changes with %s", (_, page, print) => {
    expect(serverConfig(page, print)).not.toBe(config);
  });

  it("says what is missing where the server says nothing", () => {
    expect(serverConfig("", undefined)).toBe("no fingerprint, 0 engines, no labels");
  });
});

describe("the cache's configuration", () => {
  it("is read from the labels of vllm:cache_config_info", () => {
    expect(cacheFacts(metrics)).toEqual({
      gpu_memory_utilization: 0.92,
      kv_cache_dtype: "auto",
      enable_prefix_caching: true,
    });
    expect(cacheFacts("")).toEqual({});
  });
});
