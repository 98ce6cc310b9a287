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

type Salvaged<S extends z.ZodObject> = Partial<z.infer<S>>;

/** The valid parts of a plan, so that one mistake does not hide others. Of a valid plan, all of it. */
export interface SalvagedPlan {
  readonly settings: Salvaged<typeof planSchema>;
  readonly budget: Salvaged<typeof budgetSchema>;
  readonly engine: EngineFile;
  readonly entries: readonly SalvagedEntry[];
}

export interface SalvagedEntry {
  readonly index: number;
  readonly settings: Salvaged<typeof entrySchema>;
  /** As the file has it; undefined where it is no text. */
  readonly gpus: readonly (string | undefined)[];
  /** Made from a list of GPU types: what does not fit is left out, not wrong. */
  readonly isList: boolean;
  readonly models: readonly SalvagedModel[];
}

export interface SalvagedModel {
  readonly index: number;
  readonly id: string;
  /** Written as a mapping, not as the bare id. */
  readonly isMapping: boolean;
  readonly settings: Salvaged<typeof modelSchema>;
  /** It has invalid `facts`, so the model cannot be checked further. */
  readonly brokenFacts: boolean;
}

export function salvagePlan(raw: unknown): SalvagedPlan {
  const top = mapping(raw);
  return {
    settings: salvage(planSchema, top),
    budget: salvage(budgetSchema, mapping(top["budget"])),
    engine: salvage(engineSchema, mapping(top["engine"])),
    entries: list(top["entries"]).map((entry, index) => draftEntry(mapping(entry), index)),
  };
}

function draftEntry(raw: Readonly<Record<string, unknown>>, index: number): SalvagedEntry {
  const gpu = raw["gpu"];
  return {
    index,
    settings: salvage(entrySchema, raw),
    gpus: (Array.isArray(gpu) ? (gpu as unknown[]) : [gpu]).map((one) =>
      typeof one === "string" ? one : undefined,
    ),
    isList: Array.isArray(gpu),
    models: list(raw["models"]).flatMap((model, at) => draftModel(model, at)),
  };
}

function draftModel(raw: unknown, index: number): SalvagedModel[] {
  const keys = typeof raw === "string" ? { id: raw } : mapping(raw);
  const settings = salvage(modelSchema, keys);
  if (settings.id === undefined) return [];
  const brokenFacts = "facts" in keys && settings.facts === undefined;
  return [{ index, id: settings.id, isMapping: typeof raw !== "string", settings, brokenFacts }];
}

/** The keys with valid values. */
function salvage<S extends z.ZodObject>(
  schema: S,
  raw: Readonly<Record<string, unknown>>,
): Salvaged<S> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema.shape)) {
    if (!(key in raw)) continue;
    const result = (value as z.ZodType).safeParse(raw[key]);
    if (result.success && result.data !== undefined) kept[key] = result.data;
  }
  return kept as Salvaged<S>;
}

function mapping(raw: unknown): Readonly<Record<string, unknown>> {
  const isMapping = typeof raw === "object" && raw !== null && !Array.isArray(raw);
  return isMapping ? (raw as Record<string, unknown>) : {};
}

function list(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

/** The keys that `facts:` needs, for the message that asks for them. */
export const REQUIRED_FACTS: readonly string[] = Object.entries(factsSchema.shape).flatMap(
  ([key, value]) => (value.safeParse(undefined).success ? [] : [key]),
);
