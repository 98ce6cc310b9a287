import { ENGINE_FIELDS, MACHINE_FIELDS } from "../../evidence/comparability.ts";
import type { BenchmarkRecord, CategoryResult, TestRecord } from "../../evidence/record.ts";
import { isExactNumber } from "../store/exact-json.ts";

const FIGURES = [
  "avg_tokens_per_sec",
  "total_time",
  "total_tokens",
  "cost_per_1k_tokens",
  "tests_passed",
  "tests_total",
  "tests_not_applicable",
  "decode_tps",
  "ttft_s",
  "tpot_s",
  "e2e_s",
];
const ENGINE = [...ENGINE_FIELDS, "stream_interval", "nccl_p2p_disable", "max_model_len_asked"];
const SUMMARY = [
  ...FIGURES,
  "simulated",
  "suite",
  "method",
  "verdict",
  "finished_utc",
  "load",
  "passes_asked",
  "price_usd_per_hour",
  "key",
  "region",
  ...MACHINE_FIELDS,
  "rtt_s",
  "origin",
];
const TEST = [
  "test_name",
  "category",
  "prompt",
  "sha256",
  "success",
  "outcome",
  "reason",
  "finish_reason",
  "expected_tokens",
  "elapsed_time",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "tokens_per_sec",
  "completion",
  "ttft_s",
  "tpot_s",
  "e2e_s",
  "chunks",
  "cached_tokens",
  "needles_found",
  "needles_total",
];

/** Text that reveals where a record was measured: labels, URLs, addresses, host names, e-mail addresses. */
const PLACES: readonly RegExp[] = [
  /\bmds-[a-z0-9]+-[a-z0-9-]+/g,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi,
  /\b[\w-]+(?:\.[\w-]+)*\.(?:local|lan|internal|home|corp|localdomain|members\.linode\.com|ip\.linodeusercontent\.com)\b/gi,
  /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g,
];
const REMOVED = "[removed]";

/**
 * Returns a function that makes records safe to share: only known keys, and no host names, addresses, labels or custom
 * prompts. VMs are numbered across calls, so that their count is preserved.
 * @param hosts further names to remove, such as this machine's
 */
export function recordSharer(
  hosts: readonly string[],
): (record: BenchmarkRecord) => BenchmarkRecord {
  const vms = new Map<string, string>();
  const numbered = (vm: string): string => {
    const name = vms.get(vm) ?? `vm-${vms.size + 1}`;
    vms.set(vm, name);
    return name;
  };
  const clean = cleaner(hosts);
  return (record) => ({
    id: record.id,
    timestamp: record.timestamp,
    gpu_type: record.gpu_type,
    gpu_count: record.gpu_count,
    vram_per_gpu: record.vram_per_gpu,
    total_vram: record.total_vram,
    hourly_cost: record.hourly_cost,
    model_id: withoutFolder(record.model_id),
    model_category: record.model_category,
    vllm_config: {
      ...pick(record.vllm_config, ENGINE, clean),
      ...(record.vllm_config.image === undefined
        ? {}
        : { image: clean(withoutRegistry(record.vllm_config.image)) }),
    } as BenchmarkRecord["vllm_config"],
    results_by_category: Object.fromEntries(
      Object.entries(record.results_by_category).map(([category, figures]) => [
        category,
        pick(figures, FIGURES, clean) as CategoryResult,
      ]),
    ),
    summary: {
      ...(pick(record.summary, SUMMARY, clean) as BenchmarkRecord["summary"]),
      ...(record.summary.vm === undefined ? {} : { vm: numbered(record.summary.vm) }),
    },
    tests: record.tests.map((test) => sharedTest(test, clean)),
  });
}

function sharedTest(test: TestRecord, clean: (text: string) => string): TestRecord {
  const custom = test.category === "custom";
  const keys = custom ? TEST.filter((key) => key !== "completion") : TEST;
  const shared = pick(test, keys, clean) as TestRecord;
  return custom ? { ...shared, prompt: test.test_name } : shared;
}

function pick(
  from: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  clean: (text: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    keys.flatMap((key) =>
      Object.hasOwn(from, key)
        ? // A time looks like an IPv6 address.
          [[key, key === "finished_utc" ? from[key] : cleanDeep(from[key], clean)]]
        : [],
    ),
  );
}

function cleanDeep(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleanDeep(item, clean));
  if (typeof value !== "object" || value === null || isExactNumber(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, cleanDeep(inner, clean)]),
  );
}

function cleaner(hosts: readonly string[]): (text: string) => string {
  // Shorter names could be part of ordinary words.
  const names = hosts.filter((host) => host.length > 3);
  return (text) => {
    let clean = text;
    for (const name of names) clean = clean.replaceAll(name, REMOVED);
    for (const place of PLACES) clean = clean.replaceAll(place, REMOVED);
    return clean;
  };
}

function withoutFolder(model: string): string {
  return /^(?:[/~.]|[A-Za-z]:\\)/.test(model) ? (model.split(/[/\\]/).at(-1) ?? model) : model;
}

/** `registry.example:5000/team/vllm:v1` -> `team/vllm:v1`. */
function withoutRegistry(image: string): string {
  return image.replace(/^[^/]*[.:][^/]*\//, "");
}
