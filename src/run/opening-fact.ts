import type { Fact } from "../journal/events.ts";
import { packageVersion } from "../support/package-version.ts";
import type { Execution } from "./execution.ts";

/** The first fact of a new run, or of a new owner of one that was left. */
export function openingFact(execution: Execution): Fact {
  const { account, cap, estimate, target, plan, resumed, worldGone } = execution;
  if (resumed !== undefined) {
    const world = target.simulated?.world;
    const moved = worldGone && world !== undefined ? { world, api_url: target.apiUrl } : undefined;
    const adopted = { type: "run.adopted", by: "resume", pid: process.pid } as const;
    return moved === undefined ? adopted : { ...adopted, moved };
  }
  const configurations = estimate.rentals.flatMap((rental) => rental.configurations);
  return {
    type: "run.opened",
    plan: plan.name,
    cap_micro_usd: cap,
    monthly_cap_micro_usd: plan.budget.monthlyCap ?? null,
    world: target.simulated?.world ?? null,
    api_url: target.apiUrl,
    account: account.fingerprint,
    database: target.databaseFile,
    ssh_port: target.sshPort,
    gpus: [...new Set(plan.entries.map(({ gpu }) => gpu.id))],
    rentals: estimate.rentals.length,
    configurations: configurations.length,
    concurrency: plan.concurrency,
    passes: Math.max(...configurations.map(({ passes }) => passes)),
    likely_micro_usd: estimate.likely.micros,
    worst_micro_usd: estimate.worst.micros,
    version: packageVersion(),
    pid: process.pid,
  };
}
