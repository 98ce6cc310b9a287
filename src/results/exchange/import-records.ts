import { isDeepStrictEqual } from "node:util";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { whyNotPublishable } from "../store/why-not-publishable.ts";
import { measuredAtMs } from "../query/record-quality.ts";
import { nameOfElement } from "../store/read-record.ts";

export interface ImportQuestion {
  /** Elements of the imported file. */
  readonly values: readonly unknown[];
  /** Where the file comes from, for the user; recorded in each record. */
  readonly origin: string;
  /** Records in the database, in our journals, and imported before (even if missing from the database). */
  readonly present: readonly BenchmarkRecord[];
  readonly ours: readonly BenchmarkRecord[];
  readonly imported: readonly BenchmarkRecord[];
  /** Ids that the user removed here. */
  readonly removed: ReadonlySet<string>;
  readonly nowMs: number;
  /** Whether the database is for simulated results. */
  readonly simulated: boolean;
}

export interface ImportAnswer {
  readonly accepted: readonly BenchmarkRecord[];
  /** Identical records that are here already. */
  readonly duplicates: number;
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

const LONGEST_RECORD = 262_144;
const DEEPEST = 10;
const LARGEST_FIGURE = 1e12;
const DAY_MS = 86_400_000;
const ID = /^\w[\w.:-]{0,127}$/;
/** Names of GPU types and models, without markup and control characters. */
const NAME = /^[\w.:@+-](?:[\w./:@+ -]{0,198}[\w./:@+-])?$/;
const DANGEROUS_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** Accepts or refuses each record on its own: an invalid record does not affect the others. */
export function judgeImport(question: ImportQuestion): ImportAnswer {
  const byId = (records: readonly BenchmarkRecord[]): [string, BenchmarkRecord][] =>
    records.map((record) => [record.id, record]);
  const known = new Map(byId([...question.ours, ...question.present]));
  const copies = new Map(byId(question.imported));
  const accepted: BenchmarkRecord[] = [];
  const refused: { name: string; reason: string }[] = [];
  let duplicates = 0;
  for (const [index, value] of question.values.entries()) {
    const judged = judge(value, question);
    if ("reason" in judged) {
      refused.push({ name: nameOfElement(value, index), reason: judged.reason });
      continue;
    }
    const { id } = judged.record;
    const [here, copy] = [known.get(id), copies.get(id)];
    const twin = here ?? copy;
    if (
      twin !== undefined &&
      !isDeepStrictEqual(withoutOrigin(twin), withoutOrigin(judged.record))
    ) {
      refused.push({
        name: nameOfElement(value, index),
        reason: "a record with this id and other contents is here",
      });
    } else if (here === undefined) {
      // A record that was imported before keeps the origin it had then.
      accepted.push(copy ?? judged.record);
      known.set(id, judged.record);
    } else {
      duplicates += 1;
    }
  }
  return { accepted, duplicates, refused };
}

function judge(
  value: unknown,
  { origin, removed, nowMs, simulated }: ImportQuestion,
): { readonly record: BenchmarkRecord } | { readonly reason: string } {
  // This comes first, because the other checks rely on a limited depth.
  const strange = strangeness(value, DEEPEST);
  if (strange !== undefined) return { reason: strange };
  const obstacle = whyNotPublishable(value);
  if (obstacle !== undefined) return { reason: obstacle };
  const record = value as BenchmarkRecord;
  if (JSON.stringify(record).length > LONGEST_RECORD) return { reason: "it is far too large" };
  for (const key of ["gpu_type", "model_id", "model_category"] as const)
    if (!NAME.test(record[key])) return { reason: `${key}: it holds what no such name has` };
  if (!ID.test(record.id)) return { reason: "id: it holds what no id has" };
  const at = measuredAtMs(record);
  if (at === undefined || at > nowMs + DAY_MS) return { reason: "timestamp: no time of the past" };
  if (!(record.hourly_cost >= 0) || !(record.gpu_count >= 1) || record.gpu_count > 64)
    return { reason: "its price or its number of GPUs cannot be" };
  if (removed.has(record.id))
    return { reason: "it was removed here; maider-sweep db restore brings it back" };
  if (record.summary.simulated === true && !simulated)
    return { reason: "it is a simulated result; --simulate imports those" };
  const before = record.summary.origin;
  const chain = before === undefined ? origin : `${origin} (from ${before})`.slice(0, 200);
  return { record: { ...record, summary: { ...record.summary, origin: chain } } };
}

/** Reasons to refuse a value wherever it is in a record: excessive depth, impossible numbers, dangerous keys. */
function strangeness(value: unknown, depth: number): string | undefined {
  if (typeof value === "number")
    return Math.abs(value) <= LARGEST_FIGURE ? undefined : `the figure ${value} cannot be`;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === 0) return "it is nested too deeply";
  for (const [key, inner] of Object.entries(value)) {
    if (DANGEROUS_KEYS.has(key)) return `the key ${key} is not taken`;
    const found = strangeness(inner, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function withoutOrigin(record: BenchmarkRecord): object {
  return { ...record, summary: { ...record.summary, origin: undefined } };
}
