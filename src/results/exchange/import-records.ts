import { isDeepStrictEqual } from "node:util";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { unpublishableReason } from "../store/unpublishable-reason.ts";
import { measuredAtMs } from "../query/record-quality.ts";
import { nameOfElement } from "../store/read-record.ts";

export interface ImportQuestion {
  /** Elements of the imported file. */
  readonly values: readonly unknown[];
  /** Where the file comes from, for the user; stored in each record. */
  readonly origin: string;
  /** Records in the database. */
  readonly present: readonly BenchmarkRecord[];
  /** Records in our journals. */
  readonly ours: readonly BenchmarkRecord[];
  /** Records that were imported before, even if they are missing from the database. */
  readonly imported: readonly BenchmarkRecord[];
  /** Ids that the user removed from this database. */
  readonly removed: ReadonlySet<string>;
  readonly nowMs: number;
  /** Whether the database is for simulated results. */
  readonly simulated: boolean;
}

export interface ImportAnswer {
  readonly accepted: readonly BenchmarkRecord[];
  /** Identical records that the database already has. */
  readonly duplicates: number;
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

const MAX_RECORD_LENGTH = 262_144;
const MAX_DEPTH = 10;
const MAX_FIGURE = 1e12;
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
    const [present, copy] = [known.get(id), copies.get(id)];
    const existing = present ?? copy;
    if (
      existing !== undefined &&
      !isDeepStrictEqual(withoutOrigin(existing), withoutOrigin(judged.record))
    ) {
      refused.push({
        name: nameOfElement(value, index),
        reason: "the database has a record with this id and other contents",
      });
    } else if (present === undefined) {
      // A record that was imported before retains its origin.
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
  const unsafe = unsafeReason(value, MAX_DEPTH);
  if (unsafe !== undefined) return { reason: unsafe };
  const unpublishable = unpublishableReason(value);
  if (unpublishable !== undefined) return { reason: unpublishable };
  const record = value as BenchmarkRecord;
  if (JSON.stringify(record).length > MAX_RECORD_LENGTH) return { reason: "it is far too large" };
  for (const key of ["gpu_type", "model_id", "model_category"] as const)
    if (!NAME.test(record[key]))
      return { reason: `${key}: it has characters that are not allowed` };
  if (!ID.test(record.id)) return { reason: "id: it has characters that are not allowed" };
  const at = measuredAtMs(record);
  if (at === undefined || at > nowMs + DAY_MS)
    return { reason: "timestamp: not a time in the past" };
  if (!(record.hourly_cost >= 0) || !(record.gpu_count >= 1) || record.gpu_count > 64)
    return { reason: "its price or its number of GPUs is impossible" };
  if (removed.has(record.id))
    return { reason: "it was removed from this database; maider-sweep db restore restores it" };
  if (record.summary.simulated === true && !simulated)
    return { reason: "it is a simulated result, which only --simulate imports" };
  const before = record.summary.origin;
  const chain = before === undefined ? origin : `${origin} (from ${before})`.slice(0, 200);
  return { record: { ...record, summary: { ...record.summary, origin: chain } } };
}

/** Why a value anywhere in a record is refused: excessive depth, an impossible number or a dangerous key. */
function unsafeReason(value: unknown, depth: number): string | undefined {
  if (typeof value === "number")
    return Math.abs(value) <= MAX_FIGURE ? undefined : `the figure ${value} is impossible`;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === 0) return "it is nested too deeply";
  for (const [key, inner] of Object.entries(value)) {
    if (DANGEROUS_KEYS.has(key)) return `the key ${key} is not allowed`;
    const reason = unsafeReason(inner, depth - 1);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function withoutOrigin(record: BenchmarkRecord): object {
  return { ...record, summary: { ...record.summary, origin: undefined } };
}
