import { modelName } from "../../catalog/short-names.ts";
import {
  COMPARABILITY_FIELDS,
  comparabilityFacts,
  type ComparabilityField,
  type FactValue,
} from "../../evidence/comparability.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";

/** What a name is made from: the newest record represents the configuration. */
interface Unnamed {
  readonly gpu: string;
  readonly model: string;
  readonly origin: string | undefined;
  readonly records: readonly BenchmarkRecord[];
}

type NamingField = "origin" | Exclude<ComparabilityField, "gpu_type" | "model_id">;

/** The fields that users set themselves come first. */
const PREFERRED = [
  "origin",
  "simulated",
  "suite",
  "method",
  "max_model_len",
  "max_num_seqs",
  "quantization",
  "dtype",
  "gpu_memory_utilization",
  "vllm_version",
] as const satisfies readonly NamingField[];
const NAMING_FIELDS: readonly NamingField[] = [
  ...PREFERRED,
  ...COMPARABILITY_FIELDS.filter(
    (field) => field !== "gpu_type" && field !== "model_id" && !isPreferred(field),
  ).map((field) => field as NamingField),
];
const MOST_LETTERS = 24;

/**
 * The model's short name for each row, followed by the settings in which rows of the same GPU type and model differ:
 * `gpt-oss-20b (max_num_seqs 16)`. No two rows of a GPU type have the same name.
 */
export function configurationNames(rows: readonly Unnamed[]): readonly string[] {
  const names = new Map<Unnamed, string>();
  for (const group of Map.groupBy(rows, ({ gpu, model }) => JSON.stringify([gpu, model])).values())
    for (const [row, settings] of distinguish(group))
      names.set(
        row,
        settings === "" ? modelName(row.model) : `${modelName(row.model)} (${settings})`,
      );
  return rows.map((row) => names.get(row) ?? modelName(row.model));
}

/** The fewest settings that differ for all rows, and a number where no setting does. */
function distinguish(group: readonly Unnamed[]): readonly (readonly [Unnamed, string])[] {
  const facts = group.map(factsOf);
  let texts = group.map(() => "");
  for (const field of NAMING_FIELDS) {
    const distinct = new Set(texts).size;
    if (distinct === group.length) break;
    const more = texts.map((text, index) => {
      const value = settingText(field, facts[index]?.[field]);
      return text === "" ? value : `${text}, ${value}`;
    });
    if (new Set(more).size > distinct) texts = more;
  }
  if (new Set(texts).size < group.length)
    texts = texts.map((text, index) => `${text === "" ? "" : `${text}, `}no. ${String(index + 1)}`);
  return group.map((row, index) => [row, texts[index] ?? ""] as const);
}

function factsOf({ origin, records }: Unnamed): Partial<Record<NamingField, FactValue>> {
  const [newest] = records;
  return newest === undefined ? { origin } : { ...comparabilityFacts(newest), origin };
}

function settingText(field: NamingField, value: FactValue): string {
  if (field === "origin") return value === undefined ? "own" : `from ${String(value)}`;
  if (field === "simulated") return value === true ? "simulated" : "real";
  if (field === "max_model_len") return `${String(value ?? "unknown")} tokens`;
  if (field === "tests") {
    const tests = value === undefined || value === "" ? 0 : String(value).split(", ").length;
    return tests === 1 ? "1 test" : `${String(tests)} tests`;
  }
  const name = field === "vllm_version" ? "vLLM" : field;
  return `${name} ${value === undefined ? "unknown" : String(value).slice(0, MOST_LETTERS)}`;
}

function isPreferred(field: ComparabilityField): boolean {
  return (PREFERRED as readonly string[]).includes(field);
}
