import { findGpuType, GPU_TYPES, hasTuringCards } from "../../catalog/gpu-catalog.ts";
import { findModel, MODELS } from "../../catalog/model-catalog.ts";
import { CATEGORIES } from "../../evidence/suite.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { type EngineFile, engineSchema, modelSchema } from "../../plan/plan-schema.ts";
import { nearest } from "../../support/nearest.ts";
import {
  isOurs,
  newestFirst,
  ownRecords,
  soundRecords,
} from "../../results/query/record-quality.ts";
import {
  freshness,
  vllmVersionOf,
  type WantedConfiguration,
} from "../../results/query/freshness.ts";

/** A parsed plan file. Of its `entries`, only descriptions of models that are not in the catalogue are used. */
export type PlanDefaults = Readonly<Record<string, unknown>>;

export interface RefreshRequest {
  readonly records: readonly BenchmarkRecord[];
  /** The parsed `plans/refresh.yaml`, or a replacement. */
  readonly defaults: PlanDefaults;
  /** The current suite with its version. */
  readonly suite: string | undefined;
  /** Passes for each configuration; undefined means as many as each record's plan asked for. */
  readonly passes?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly staleAfterDays: number;
  /** A single configuration instead of all stale ones; it may be missing in `records`. */
  readonly only?: { readonly gpu: string; readonly model: string } | undefined;
}

export interface StaleConfiguration {
  readonly gpu: string;
  readonly model: string;
  readonly maxModelLen: number | undefined;
  readonly reasons: readonly string[];
}

export interface RefreshPlan {
  /** The plan as YAML; undefined if there is nothing to do. */
  readonly text: string | undefined;
  readonly stale: readonly StaleConfiguration[];
  readonly fresh: number;
  /** Stale configurations that such a plan cannot refresh; the reason says what to do instead. */
  readonly left: readonly StaleConfiguration[];
}

/** Builds a plan that refreshes stale configurations. It is read, checked and run like any other plan. */
export function buildRefreshPlan(options: RefreshRequest): RefreshPlan {
  const request = { ...options, records: ownRecords(options.records) };
  const described = describedModels(request.defaults);
  const due = request.only === undefined ? staleOnes(request) : [chosen(request, request.only)];
  const stale: Due[] = [];
  const left: StaleConfiguration[] = [];
  for (const configuration of due.filter(({ reasons }) => reasons.length > 0)) {
    const obstacle = unpublishableReason(configuration, described);
    if (obstacle === undefined) stale.push(configuration);
    else left.push({ ...configuration, reasons: [obstacle] });
  }
  return {
    text: stale.length === 0 ? undefined : planText(request.defaults, stale, described),
    stale,
    fresh: due.filter(({ reasons }) => reasons.length === 0).length,
    left,
  };
}

/** The known pair nearest to a mistyped one; undefined if both names are known or none is similar. */
export function suggestPair(
  only: { readonly gpu: string; readonly model: string },
  defaults: PlanDefaults,
): { readonly gpu: string; readonly model: string } | undefined {
  const models = [...MODELS.map(({ id }) => id), ...describedModels(defaults).keys()];
  const gpus = GPU_TYPES.map(({ id }) => id);
  const gpu = nearest(only.gpu, gpus);
  const model = nearest(only.model, models);
  if (gpu === undefined || model === undefined) return undefined;
  return gpu === only.gpu && model === only.model ? undefined : { gpu, model };
}

interface Due extends StaleConfiguration {
  readonly gpuMemoryUtilization: number | undefined;
  readonly categories: readonly string[];
}

function chosen(request: RefreshRequest, only: { gpu: string; model: string }): Due {
  const ours = request.records.filter(
    (record) => record.gpu_type === only.gpu && record.model_id === only.model && isOurs(record),
  );
  return { ...only, ...settingsOf(newestFirst(ours)[0]), categories: [], reasons: ["asked for"] };
}

function staleOnes(request: RefreshRequest): Due[] {
  const { image, enforce_eager: eager } = engineOf(request.defaults);
  const groups = Map.groupBy(soundRecords(request.records), groupKey);
  return [...groups.values()].flatMap((group) => {
    const [newest] = newestFirst(group);
    if (newest === undefined) return [];
    const settings = settingsOf(isOurs(newest) ? newest : undefined);
    const pair = ({ gpu_type, model_id }: BenchmarkRecord): boolean =>
      gpu_type === newest.gpu_type && model_id === newest.model_id;
    // A foreign record's settings are not reliable, so any record of ours for the pair replaces it.
    if (!isOurs(newest) && request.records.some((record) => isOurs(record) && pair(record)))
      return [];
    const wanted: WantedConfiguration = {
      gpu: newest.gpu_type,
      model: newest.model_id,
      ...settings,
      image,
      // A record from before eager mode was Turing's default is stale for it.
      enforceEager: hasTuringCards(newest.gpu_type) ? (eager ?? true) : undefined,
      vllmVersion: image === undefined ? undefined : vllmVersionOf(image),
      suite: newest.summary.suite?.startsWith("custom") === true ? undefined : request.suite,
      passes: request.passes ?? newest.summary.passes_asked,
    };
    const { nowMs, staleAfterDays } = request;
    const { reasons } = freshness({ wanted, records: group, nowMs, staleAfterDays });
    const categories = [
      ...new Set(group.flatMap((record) => Object.keys(record.results_by_category))),
    ];
    return [{ gpu: wanted.gpu, model: wanted.model, ...settings, categories, reasons }];
  });
}

/** Groups records by configuration, ignoring the engine's version, since a different version makes a record stale. */
function groupKey(record: BenchmarkRecord): string {
  const { max_model_len, gpu_memory_utilization } = record.vllm_config;
  const settings = isOurs(record) ? [max_model_len, gpu_memory_utilization] : [];
  return JSON.stringify([record.gpu_type, record.model_id, ...settings]);
}

function settingsOf(
  record: BenchmarkRecord | undefined,
): Pick<Due, "maxModelLen" | "gpuMemoryUtilization"> {
  return {
    maxModelLen: record?.vllm_config.max_model_len,
    gpuMemoryUtilization: record?.vllm_config.gpu_memory_utilization,
  };
}

function unpublishableReason(
  configuration: Due,
  described: ReadonlyMap<string, object>,
): string | undefined {
  const { gpu, model, categories } = configuration;
  if (findGpuType(gpu) === undefined) return `the GPU type ${gpu} is not known`;
  if (findModel(model) === undefined && !described.has(model))
    return `the size of ${model} is not known; a plan that states its size and heads can measure it`;
  if (categories.includes("custom") && categories.length === 1)
    return "it was measured with prompts of your own; run the plan that names them";
  if (!modelSchema.safeParse(modelItem(configuration, described)).success)
    return "the settings in its record are not valid in a plan";
  return undefined;
}

function engineOf(defaults: PlanDefaults): Pick<EngineFile, "image" | "enforce_eager"> {
  const read = engineSchema.pick({ image: true, enforce_eager: true });
  const { data } = read.strip().safeParse(defaults["engine"]);
  return data ?? {};
}

/** Models that the defaults describe with `facts:`, by id. */
function describedModels(defaults: PlanDefaults): ReadonlyMap<string, object> {
  const entries = Array.isArray(defaults["entries"]) ? (defaults["entries"] as unknown[]) : [];
  const models = entries.flatMap((entry) =>
    typeof entry === "object" && entry !== null && "models" in entry && Array.isArray(entry.models)
      ? (entry.models as unknown[])
      : [],
  );
  return new Map(
    models.flatMap((model) =>
      typeof model === "object" &&
      model !== null &&
      "facts" in model &&
      "id" in model &&
      typeof model.id === "string"
        ? [[model.id, model] as const]
        : [],
    ),
  );
}

/** Values from records are written as JSON, which is valid YAML, so that they cannot be parsed as anything else. */
function planText(
  defaults: PlanDefaults,
  stale: readonly Due[],
  described: ReadonlyMap<string, object>,
): string {
  const kept = Object.entries(defaults).filter(([key]) => key !== "entries" && key !== "suites");
  const asked = new Set(stale.flatMap(({ categories }) => categories));
  const suites = CATEGORIES.filter((category) => asked.size === 0 || asked.has(category));
  const lines = kept.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  lines.push(`suites: ${JSON.stringify(suites)}`, "entries:");
  for (const [gpu, configurations] of Map.groupBy(stale, (one) => one.gpu)) {
    // With a list of types, a model that no longer fits is skipped instead of making the plan invalid.
    lines.push(`  - gpu: ${JSON.stringify([gpu])}`, "    models:");
    for (const configuration of configurations) {
      lines.push(`      # ${configuration.reasons.join("; ").replaceAll(/\p{C}/gu, " ")}`);
      lines.push(`      - ${JSON.stringify(modelItem(configuration, described))}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function modelItem(
  { model, maxModelLen, gpuMemoryUtilization }: Due,
  described: ReadonlyMap<string, object>,
): object {
  return {
    ...described.get(model),
    id: model,
    ...(maxModelLen === undefined ? {} : { max_model_len: maxModelLen }),
    ...(gpuMemoryUtilization === undefined ? {} : { gpu_memory_utilization: gpuMemoryUtilization }),
  };
}
