import { resolveName, shortName } from "../catalog/short-names.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { MicroUsd } from "../support/money.ts";
import { nearest } from "../support/nearest.ts";
import { shellWord } from "../support/shell-word.ts";
import type { CoveragePlan, Entry } from "./coverage-plan.ts";
import { cidrValidator, normaliseCidr } from "./validators.ts";

/** Command-line options that override the plan. */
export interface PlanOverrides {
  readonly maxCost?: MicroUsd | undefined;
  /** Rentals at once. */
  readonly concurrency?: number | undefined;
  readonly passes?: number | undefined;
  /** GPU types or models to keep: an id or short name, a part of them, or a glob (`*` and `?`). Case is ignored. */
  readonly only?: string | undefined;
  readonly maxHours?: number | undefined;
  readonly sshCidr?: string | undefined;
}

/** @throws SweepError exit 2 if a value is invalid or `only` matches nothing */
export function applyOverrides(plan: CoveragePlan, overrides: PlanOverrides): CoveragePlan {
  const { maxCost, concurrency, passes, only, maxHours, sshCidr } = overrides;
  demand(maxCost === undefined || maxCost > 0, "--max-cost must be more than 0");
  demand(isCount(concurrency, 50), "--concurrency must be a whole number from 1 to 50");
  demand(isCount(passes, 100), "--passes must be a whole number from 1 to 100");
  demand(
    maxHours === undefined || (maxHours >= 0.25 && maxHours <= 720),
    "--max-hours must be from 0.25 to 720",
  );
  demand(
    sshCidr === undefined || cidrValidator(sshCidr) === undefined,
    "--ssh-cidr must be an address range, such as 203.0.113.7/32",
  );
  const selected = only === undefined ? plan : select(plan, only);
  return {
    ...selected,
    budget: {
      ...plan.budget,
      maxCost: maxCost ?? plan.budget.maxCost,
      maxHoursPerRental: maxHours ?? plan.budget.maxHoursPerRental,
    },
    concurrency: concurrency ?? plan.concurrency,
    sshCidr: sshCidr === undefined ? plan.sshCidr : normaliseCidr(sshCidr),
    entries: passes === undefined ? selected.entries : selected.entries.map(withPasses(passes)),
  };
}

function select(plan: CoveragePlan, only: string): CoveragePlan {
  const matches = nameMatcher(only, namesIn(plan));
  const entries = plan.entries.flatMap((entry) => {
    const configurations = matches(entry.gpu.id)
      ? entry.configurations
      : entry.configurations.filter(({ model }) => matches(model.id));
    return configurations.length === 0 ? [] : [{ ...entry, configurations }];
  });
  if (entries.length === 0)
    throw new SweepError(`Nothing in the plan matches --only ${only}`, {
      exitCode: ExitCode.usage,
      reason: "no GPU type and no model of the plan has that name",
      hint: suggestion(only, plan),
    });
  const skipped = plan.skipped.filter(({ gpu, model }) => matches(gpu) || matches(model));
  return { ...plan, entries, skipped };
}

function namesIn({ entries, skipped }: CoveragePlan): readonly string[] {
  const ids = [
    ...entries.flatMap(({ gpu, configurations }) => [
      gpu.id,
      ...configurations.map(({ model }) => model.id),
    ]),
    ...skipped.flatMap(({ gpu, model }) => [gpu, model]),
  ];
  return [...new Set(ids)];
}

/** Matches this id or short name, or otherwise names that contain it. A pattern with `*` or `?` must match completely. */
function nameMatcher(text: string, ids: readonly string[]): (id: string) => boolean {
  if (/[*?]/.test(text)) {
    const matches = glob(text);
    return (id) => matches(id) || matches(shortName(id));
  }
  const resolved = resolveName(text, ids, shortName);
  if ("id" in resolved) return (id) => id === resolved.id;
  const found = "ambiguous" in resolved ? resolved.ambiguous : [];
  return (id) => found.includes(id);
}

const MOST_NAMES = 8;

function suggestion(only: string, plan: CoveragePlan): string {
  const ids = namesIn(plan);
  const meant = nearest(only, [...ids, ...ids.map(shortName)]);
  return meant === undefined
    ? `it has ${ids.slice(0, MOST_NAMES).map(shortName).join(", ")}${ids.length > MOST_NAMES ? " and others" : ""}`
    : `did you mean --only ${shellWord(meant)}?`;
}

function glob(pattern: string): (text: string) => boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`, "i");
  return (text) => expression.test(text);
}

function withPasses(passes: number): (entry: Entry) => Entry {
  return (entry) => ({
    ...entry,
    configurations: entry.configurations.map((configuration) => ({ ...configuration, passes })),
  });
}

function isCount(value: number | undefined, most: number): boolean {
  return value === undefined || (Number.isInteger(value) && value >= 1 && value <= most);
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new SweepError(message, { exitCode: ExitCode.usage });
}
