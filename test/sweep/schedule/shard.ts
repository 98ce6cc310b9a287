import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { breaches } from "./breaches.ts";
import { runSchedule, type Outcome } from "./run-schedule.ts";
import { schedules, type Schedule } from "./schedule.ts";
import { MET, type Met } from "./witness.ts";

/** What so many schedules of one seed came to. Money is in micro-dollars. */
export interface ShardResult {
  readonly seed: number;
  readonly done: number;
  /** In how many schedules it took effect. */
  readonly met: Readonly<Record<Met, number>>;
  readonly vms: number;
  readonly passes: number;
  readonly invoice: number;
  readonly ledger: number;
  /** Ledger less invoice, where it was largest. */
  readonly worstGap: Worst;
  /** Ledger less cap, where it was largest. */
  readonly worstOverrun: Worst;
  readonly overruns: number;
  /** SHA-256 over all journals: the same seed gives the same. */
  readonly journals: string;
  readonly broken: readonly Broken[];
}

export interface Worst {
  readonly microUsd: number;
  /** Which one, from 0. */
  readonly index: number;
}

interface Broken {
  readonly index: number;
  readonly what: readonly string[];
  readonly schedule: Schedule;
}

/** Goes on after a breach: one says little of how many there are. @param only of the schedules, by its index */
export async function runShard(seed: number, runs: number, only?: number): Promise<ShardResult> {
  const met = Object.fromEntries(MET.map((each) => [each, 0])) as Record<Met, number>;
  const journals = createHash("sha256");
  const broken: Broken[] = [];
  const sum = { done: 0, vms: 0, passes: 0, invoice: 0, ledger: 0, overruns: 0 };
  let worstGap: Worst = { microUsd: 0, index: -1 };
  let worstOverrun: Worst = { microUsd: 0, index: -1 };
  for (const [index, schedule] of fc.sample(schedules, { numRuns: runs, seed }).entries()) {
    if (only !== undefined && index !== only) continue;
    const outcome = await finished(schedule);
    sum.done += 1;
    if (outcome instanceof Error) {
      broken.push({ index, what: [inspect(outcome)], schedule });
      continue;
    }
    const { events, world, foreignIds, invoiceMicroUsd, ledgerMicroUsd, capMicroUsd } = outcome;
    const what = breaches(outcome);
    if (what.length > 0) broken.push({ index, what, schedule });
    for (const each of outcome.met) met[each] += 1;
    for (const event of events) journals.update(`${JSON.stringify(event)}\n`);
    sum.vms += world.vms.all().filter(({ id }) => !foreignIds.has(id)).length;
    sum.passes += events.filter(({ type }) => type === "pass.finished").length;
    sum.invoice += invoiceMicroUsd;
    sum.ledger += ledgerMicroUsd;
    if (ledgerMicroUsd > capMicroUsd) sum.overruns += 1;
    worstGap = worse(worstGap, { microUsd: ledgerMicroUsd - invoiceMicroUsd, index });
    worstOverrun = worse(worstOverrun, { microUsd: ledgerMicroUsd - capMicroUsd, index });
  }
  return { seed, ...sum, met, worstGap, worstOverrun, journals: journals.digest("hex"), broken };
}

/** Real; the longest take a second or two. */
const CEILING_MS = 300_000;

async function finished(schedule: Schedule): Promise<Outcome | Error> {
  const over = new AbortController();
  const ceiling = sleep(CEILING_MS, new Error("it does not come to its end"), {
    signal: over.signal,
  });
  ceiling.catch(() => undefined);
  try {
    return await Promise.race([runSchedule(schedule), ceiling]);
  } catch (error) {
    return error as Error;
  } finally {
    over.abort();
  }
}

function worse(one: Worst, other: Worst): Worst {
  return other.microUsd > one.microUsd ? other : one;
}
