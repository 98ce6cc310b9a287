import { basename, dirname, extname, resolve } from "node:path";
import { findModel } from "../catalog/model-catalog.ts";
import { STALE_AFTER_DAYS } from "../evidence/method.ts";
import { formatUsd, microUsd } from "../support/money.ts";
import type { CoveragePlan, Problem } from "./coverage-plan.ts";
import { describeIssues } from "./describe-issue.ts";
import { partialPlan, type PartialPlan } from "./partial-plan.ts";
import { IMAGE_HOSTS, imageHost, normaliseCidr } from "./validators.ts";
import { planSchema } from "./plan-schema.ts";
import { readPlanText, type PlanText } from "./plan-text.ts";
import { resolveEntries, type KnownModels } from "./resolve-entries.ts";

export type PlanReading =
  | { readonly ok: true; readonly plan: CoveragePlan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Parses and validates a plan, without network access. A missing `max_cost` is accepted, because it may come from the
 * command line.
 * @param source the file's path as the user gave it, to which paths in the plan are relative, or a name like `<rebench>`
 * @param known facts about models that are not in the catalog
 */
export function readPlan(
  text: string,
  source: string,
  known: KnownModels = new Map(),
): PlanReading {
  const planText = readPlanText(text);
  if (planText.value === undefined) return { ok: false, problems: inOrder(planText.problems) };
  const parsed = planSchema.safeParse(planText.value, { reportInput: true });
  const draft = partialPlan(planText.value);
  const resolved = resolveEntries(draft, planText, known);
  const problems = inOrder([
    ...planText.problems,
    ...(parsed.success ? [] : describeIssues(parsed.error.issues, planText)),
    ...contradictions(draft, planText),
    ...resolved.problems,
  ]);
  if (problems.length > 0) return { ok: false, problems };
  if (resolved.entries.length === 0)
    return { ok: false, problems: [nothingLeft(planText, resolved.skipped[0]?.reason)] };
  return { ok: true, plan: assemble(draft, resolved, text, source) };
}

/** Ids of models that are neither in the catalog nor described in the plan. */
export function unknownModels(text: string): readonly string[] {
  const { entries } = partialPlan(readPlanText(text).value);
  const models = entries.flatMap((entry) => entry.models);
  const unknown = models.filter(
    ({ id, settings, brokenFacts }) =>
      settings.facts === undefined && !brokenFacts && findModel(id) === undefined,
  );
  return [...new Set(unknown.map(({ id }) => id))];
}

function assemble(
  { settings, budget }: PartialPlan,
  { entries, skipped }: Pick<CoveragePlan, "entries" | "skipped">,
  text: string,
  source: string,
): CoveragePlan {
  const isFile = !source.startsWith("<");
  const money = (dollars: number | undefined) =>
    dollars === undefined ? undefined : microUsd(dollars);
  return {
    name: settings.name ?? basename(source, extname(source)).replace(/[<>]/g, ""),
    source,
    text,
    budget: {
      maxCost: money(budget.max_cost),
      maxCostPerEntry: money(budget.max_cost_per_entry),
      maxHoursPerRental: budget.max_hours_per_rental ?? 4,
      monthlyCap: money(budget.monthly_cap),
    },
    regions: settings.regions ?? [],
    concurrency: settings.concurrency ?? 3,
    packing: settings.packing ?? "per-entry",
    staleAfterDays: settings.stale_after_days ?? STALE_AFTER_DAYS,
    sshCidr: settings.ssh_cidr === undefined ? undefined : normaliseCidr(settings.ssh_cidr),
    prompts:
      settings.prompts === undefined
        ? undefined
        : resolve(isFile ? dirname(source) : ".", settings.prompts),
    allowRemoteCode: settings.allow_remote_code ?? false,
    entries,
    skipped,
  };
}

/** Keys whose values are valid but contradict each other. */
function contradictions(
  { settings, budget, engine, entries }: PartialPlan,
  text: PlanText,
): Problem[] {
  const problems: Problem[] = [];
  const { max_cost: cap, max_cost_per_entry: perEntry, monthly_cap: monthly } = budget;
  const money = (dollars: number): string => formatUsd(microUsd(dollars));
  if (cap !== undefined && perEntry !== undefined && perEntry > cap)
    problems.push(
      text.at(
        ["budget", "max_cost_per_entry"],
        `\`max_cost_per_entry\` (${money(perEntry)}) is more than \`max_cost\` (${money(cap)})`,
      ),
    );
  if (cap !== undefined && monthly !== undefined && monthly < cap)
    problems.push(
      text.at(
        ["budget", "monthly_cap"],
        `\`monthly_cap\` (${money(monthly)}) is less than \`max_cost\` (${money(cap)}), which it makes unreachable`,
      ),
    );
  for (const { index, settings: entry } of entries)
    if (entry.region !== undefined && entry.regions !== undefined)
      problems.push(
        text.atKey(["entries", index, "region"], "`region` and `regions` are mutually exclusive"),
      );
  const host = engine.image === undefined ? undefined : imageHost(engine.image);
  if (host !== undefined && !IMAGE_HOSTS.includes(host) && settings.allow_remote_code !== true)
    problems.push(
      text.at(
        ["engine", "image"],
        `images from \`${host}\` need \`allow_remote_code: true\``,
        `trusted without it: ${IMAGE_HOSTS.join(", ")}`,
      ),
    );
  return problems;
}

function nothingLeft(text: PlanText, reason: string | undefined): Problem {
  return text.atKey(["entries"], "there is nothing to run: no pair of this plan fits", reason);
}

/** In the order of the file, without duplicates. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...distinct.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
}
