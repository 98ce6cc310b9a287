import { findGpuType, GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { GpuType } from "../catalog/gpu-types.ts";
import { findModel, MODELS } from "../catalog/model-catalog.ts";
import type { ModelFacts } from "../catalog/models.ts";
import { CATEGORIES } from "../evidence/suite.ts";
import { nearest } from "../support/nearest.ts";
import { configure, type Refusal } from "./configure.ts";
import type { Configuration, Entry, Problem, Skip } from "./coverage-plan.ts";
import {
  REQUIRED_FACTS,
  type PartialPlan,
  type PartialEntry,
  type PartialModel,
} from "./partial-plan.ts";
import { gpuTypeValidator } from "./validators.ts";
import type { KnownModel } from "./facts-from-hub.ts";
import { modelFromFacts } from "./model-from-facts.ts";
import type { PlanText } from "./plan-text.ts";

export interface Resolution {
  readonly entries: readonly Entry[];
  readonly skipped: readonly Skip[];
  readonly problems: readonly Problem[];
}

/** By model id: facts, or the reason why there are none. */
export type KnownModels = ReadonlyMap<string, KnownModel | string>;

/** Looks up GPU types and models, checks that each pair fits, and turns each list of GPU types into entries. */
export function resolveEntries(draft: PartialPlan, text: PlanText, known: KnownModels): Resolution {
  const entries: Entry[] = [];
  const skipped: Skip[] = [];
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  for (const entry of draft.entries) {
    const gpus = lookUpGpus(entry, text, problems);
    const models = lookUpModels(entry, text, known, problems);
    for (const gpu of gpus) {
      const configurations: Configuration[] = [];
      for (const [drafted, model] of models) {
        const result = configure(requestFor(draft, entry, gpu, drafted, model));
        const pair = `\`${model.id}\` on \`${gpu.id}\``;
        if (!("reason" in result)) {
          const first = seen.get(identity(result));
          const position = text.at(modelPath(entry, drafted), "");
          if (first === undefined) seen.set(identity(result), position.line);
          else
            problems.push({
              ...position,
              message: `the same configuration as in line ${String(first)}: ${pair}`,
            });
          configurations.push(result);
        } else if (entry.isList)
          skipped.push({ gpu: gpu.id, model: model.id, reason: result.reason });
        else
          problems.push(
            text.at(refusedPath(draft, entry, drafted, result), `${pair}: ${result.reason}`),
          );
      }
      if (configurations.length > 0)
        entries.push({
          path: `entries[${String(entry.index)}]`,
          gpu,
          regions: regionsOf(draft, entry),
          configurations,
        });
    }
  }
  return { entries, skipped, problems };
}

function lookUpGpus(entry: PartialEntry, text: PlanText, problems: Problem[]): readonly GpuType[] {
  const found = new Set<GpuType>();
  for (const [index, id] of entry.gpus.entries()) {
    // Invalid ids have been reported by the schema.
    if (id === undefined || gpuTypeValidator(id) !== undefined) continue;
    const gpu = findGpuType(id);
    if (gpu !== undefined) found.add(gpu);
    else {
      const suggestion = nearest(
        id,
        GPU_TYPES.map((type) => type.id),
      );
      const path = ["entries", entry.index, "gpu", ...(entry.isList ? [index] : [])];
      problems.push(
        text.at(
          path,
          `\`${id}\` is not a known GPU type`,
          suggestion === undefined ? undefined : `did you mean \`${suggestion}\`?`,
        ),
      );
    }
  }
  return [...found];
}

function lookUpModels(
  entry: PartialEntry,
  text: PlanText,
  known: KnownModels,
  problems: Problem[],
): readonly (readonly [PartialModel, ModelFacts])[] {
  return entry.models.flatMap((drafted) => {
    const { id, settings, brokenFacts } = drafted;
    if (brokenFacts) return [];
    const found = known.get(id);
    const facts = settings.facts ?? (typeof found === "object" ? found.facts : undefined);
    const model =
      (settings.facts === undefined ? findModel(id) : undefined) ??
      (facts === undefined ? undefined : modelFromFacts(id, facts));
    if (model !== undefined) {
      const categorized = { ...model, category: settings.category ?? model.category };
      if (typeof found !== "object" || settings.facts !== undefined)
        return [[drafted, categorized] as const];
      // Serve the commit that the facts describe.
      const revision = settings.revision ?? found.revision;
      return [[{ ...drafted, settings: { ...settings, revision } }, categorized] as const];
    }
    const suggestion = nearest(
      id,
      MODELS.map((known) => known.id),
    );
    const hint = `state its \`facts:\` (${REQUIRED_FACTS.join(", ")})`;
    const reason = typeof found === "string" ? `, and ${found}` : "";
    problems.push(
      text.at(
        modelPath(entry, drafted),
        `\`${id}\` is not in the catalogue${reason}`,
        suggestion === undefined ? hint : `did you mean \`${suggestion}\`? Otherwise ${hint}`,
      ),
    );
    return [];
  });
}

function requestFor(
  draft: PartialPlan,
  entry: PartialEntry,
  gpu: GpuType,
  drafted: PartialModel,
  model: ModelFacts,
) {
  const { id: _id, category: _category, facts: _facts, revision, ...own } = drafted.settings;
  return {
    gpu,
    model,
    revision,
    own,
    defaults: draft.engine,
    rest: {
      passes: entry.settings.passes ?? draft.settings.passes ?? 3,
      suites: entry.settings.suites ?? draft.settings.suites ?? CATEGORIES,
      load: withSingle(entry.settings.load ?? draft.settings.load ?? []),
    },
  };
}

/** Load levels in ascending order. Level 1, which gives the record its figures, is always included. */
function withSingle(load: readonly number[]): readonly number[] {
  return [...new Set([1, ...load])].toSorted((a, b) => a - b);
}

function regionsOf(draft: PartialPlan, { settings }: PartialEntry): readonly string[] {
  if (settings.region !== undefined) return [settings.region];
  return settings.regions ?? draft.settings.regions ?? [];
}

function modelPath(entry: PartialEntry, model: PartialModel): PropertyKey[] {
  const path: PropertyKey[] = ["entries", entry.index, "models", model.index];
  return model.isMapping ? [...path, "id"] : path;
}

/** Path of the key that causes a refusal, if it is set for the model or the plan; otherwise of the model. */
function refusedPath(
  draft: PartialPlan,
  entry: PartialEntry,
  model: PartialModel,
  { key }: Refusal,
): PropertyKey[] {
  if (key !== undefined && key in model.settings)
    return ["entries", entry.index, "models", model.index, key];
  if (key !== undefined && key in draft.engine) return ["engine", key];
  return modelPath(entry, model);
}

function identity({ gpu, model, revision, engine }: Configuration): string {
  return JSON.stringify([gpu.id, model.id, revision, engine]);
}
