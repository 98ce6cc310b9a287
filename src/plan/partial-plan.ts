import type { z } from "zod";
import {
  budgetSchema,
  engineSchema,
  entrySchema,
  factsSchema,
  modelSchema,
  planSchema,
  type EngineFile,
} from "./plan-schema.ts";

type Valid<S extends z.ZodObject> = Partial<z.infer<S>>;

/** The valid parts of a plan, which are checked further even if other parts are invalid. */
export interface PartialPlan {
  readonly settings: Valid<typeof planSchema>;
  readonly budget: Valid<typeof budgetSchema>;
  readonly engine: EngineFile;
  readonly entries: readonly PartialEntry[];
}

export interface PartialEntry {
  readonly index: number;
  readonly settings: Valid<typeof entrySchema>;
  /** As in the file; undefined for values that are not strings. */
  readonly gpus: readonly (string | undefined)[];
  /** It has a list of GPU types. Pairs that do not fit are then skipped, not reported as errors. */
  readonly isList: boolean;
  readonly models: readonly PartialModel[];
}

export interface PartialModel {
  readonly index: number;
  readonly id: string;
  /** Written as a mapping, not as the bare id. */
  readonly isMapping: boolean;
  readonly settings: Valid<typeof modelSchema>;
  /** It has invalid `facts`, so the model cannot be checked further. */
  readonly brokenFacts: boolean;
}

export function partialPlan(raw: unknown): PartialPlan {
  const top = mapping(raw);
  return {
    settings: validKeys(planSchema, top),
    budget: validKeys(budgetSchema, mapping(top["budget"])),
    engine: validKeys(engineSchema, mapping(top["engine"])),
    entries: list(top["entries"]).map((entry, index) => partialEntry(mapping(entry), index)),
  };
}

function partialEntry(raw: Readonly<Record<string, unknown>>, index: number): PartialEntry {
  const gpu = raw["gpu"];
  return {
    index,
    settings: validKeys(entrySchema, raw),
    gpus: (Array.isArray(gpu) ? (gpu as unknown[]) : [gpu]).map((one) =>
      typeof one === "string" ? one : undefined,
    ),
    isList: Array.isArray(gpu),
    models: list(raw["models"]).flatMap((model, at) => partialModel(model, at)),
  };
}

function partialModel(raw: unknown, index: number): PartialModel[] {
  const keys = typeof raw === "string" ? { id: raw } : mapping(raw);
  const settings = validKeys(modelSchema, keys);
  if (settings.id === undefined) return [];
  const brokenFacts = "facts" in keys && settings.facts === undefined;
  return [{ index, id: settings.id, isMapping: typeof raw !== "string", settings, brokenFacts }];
}

/** The keys with valid values. */
function validKeys<S extends z.ZodObject>(
  schema: S,
  raw: Readonly<Record<string, unknown>>,
): Valid<S> {
  const valid: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema.shape)) {
    if (!(key in raw)) continue;
    const result = (value as z.ZodType).safeParse(raw[key]);
    if (result.success && result.data !== undefined) valid[key] = result.data;
  }
  return valid as Valid<S>;
}

function mapping(raw: unknown): Readonly<Record<string, unknown>> {
  const isMapping = typeof raw === "object" && raw !== null && !Array.isArray(raw);
  return isMapping ? (raw as Record<string, unknown>) : {};
}

function list(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

/** The keys that `facts:` requires. */
export const REQUIRED_FACTS: readonly string[] = Object.entries(factsSchema.shape).flatMap(
  ([key, value]) => (value.safeParse(undefined).success ? [] : [key]),
);
