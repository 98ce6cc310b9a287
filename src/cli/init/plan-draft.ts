import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { findGpuType } from "../../catalog/gpu-catalog.ts";
import { MODELS } from "../../catalog/model-catalog.ts";
import type { ModelFacts } from "../../catalog/models.ts";
import { modelFits } from "../../plan/model-fits.ts";

/** A plan that is being written. */
export interface PlanDraft {
  readonly gpus: readonly string[];
  readonly models: readonly string[];
  readonly suites: readonly string[] | undefined;
  readonly passes: number | undefined;
  /** US dollars. */
  readonly maxCost: number | undefined;
  readonly packing: "per-entry" | "fill-hours";
}

const SCHEMA = new URL("../../../plans/plan.schema.json", import.meta.url);

/**
 * The plan's file, with the line by which editors complete and check it.
 * @param folder where it will be: the schema's path is relative to it, so that a project can be moved or shared
 */
export function draftText(draft: PlanDraft, folder: string): string {
  const { gpus, models, suites, passes, maxCost, packing } = draft;
  const body = stringify({
    version: 1,
    ...(maxCost === undefined ? {} : { budget: { max_cost: maxCost } }),
    ...(packing === "per-entry" ? {} : { packing }),
    ...(passes === undefined ? {} : { passes }),
    ...(suites === undefined ? {} : { suites }),
    entries: [{ gpu: gpus.length === 1 ? gpus[0] : gpus, models }],
  });
  const schema = relative(folder, fileURLToPath(SCHEMA))
    .split(sep)
    .map(encodeURIComponent)
    .join("/");
  return `# yaml-language-server: $schema=${schema}\n${body}`;
}

/** Models of the catalogue that run on at least one of the GPU types, with the number that each runs on. */
export function modelsThatFit(
  gpus: readonly string[],
): readonly { readonly model: ModelFacts; readonly on: number }[] {
  const types = gpus.map(findGpuType).filter((type) => type !== undefined);
  return MODELS.map((model) => ({ model, on: modelFits(model, types).length })).filter(
    ({ on }) => on > 0,
  );
}
