import { ExitCode, SweepError } from "../support/errors.ts";
import type { MicroUsd } from "../support/money.ts";
import type { CoveragePlan, Entry } from "./coverage-plan.ts";
import { cidrValidator, normaliseCidr } from "./validators.ts";

/** Command-line options that override the plan. */
export interface PlanOverrides {
  readonly maxCost?: MicroUsd | undefined;
  /** Rentals at once. */
  readonly concurrency?: number | undefined;
  readonly passes?: number | undefined;
  /** Glob (`*` and `?`, ignoring case) for GPU types or models to keep. */
  readonly only?: string | undefined;
  readonly maxHours?: number | undefined;
  readonly sshCidr?: string | undefined;
}

/** @throws SweepError exit 2 if a value is invalid or `only` matches nothing */
export function applyOverrides(plan: CoveragePlan, overrides: PlanOverrides): CoveragePlan {
  const { maxCost, concurrency, passes, only, maxHours, sshCidr } = overrides;
  demand(maxCost === undefined || maxCost > 0, "--max-cost must be more than nothing");
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
  const matches = glob(only);
  const entries = plan.entries.flatMap((entry) => {
    const kept = matches(entry.gpu.id)
      ? entry.configurations
      : entry.configurations.filter(({ model }) => matches(model.id));
    return kept.length === 0 ? [] : [{ ...entry, configurations: kept }];
  });
  if (entries.length === 0)
    throw new SweepError(`Nothing of the plan is left by --only ${only}`, {
      exitCode: ExitCode.usage,
      reason: "it is held against the ids of GPU types and models, and none matches",
      hint: "put * around a part of a name, for example --only '*rtx4000a1*'",
    });
  const skipped = plan.skipped.filter(({ gpu, model }) => matches(gpu) || matches(model));
  return { ...plan, entries, skipped };
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
