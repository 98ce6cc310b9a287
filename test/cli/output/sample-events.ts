import type { Fact, SweepEvent } from "../../../src/journal/events.ts";

export const START_MS = Date.UTC(2026, 10, 24, 10, 0, 0);

/** A journal from bare facts; each stands `minute` minutes after the start. */
export function journalOf(facts: readonly (readonly [minute: number, fact: Fact])[]): SweepEvent[] {
  return facts.map(([minute, fact], index) => ({
    v: 1,
    seq: index + 1,
    gen: 1,
    ts: new Date(START_MS + minute * 60_000).toISOString(),
    run: "1a2b3c4d",
    crc: "00000000",
    ...fact,
  }));
}

export function opened(
  facts: { world?: string | null; rentals?: number; totalPasses?: number } = {},
): Fact {
  return {
    type: "run.opened",
    plan: "full-coverage",
    cap_micro_usd: 60_000_000,
    monthly_cap_micro_usd: null,
    world: facts.world === undefined ? "w1" : facts.world,
    api_url: "http://127.0.0.1:1",
    database: "/home/user/benchmark-database.json",
    account: "acc",
    ssh_port: 2222,
    rentals: facts.rentals ?? 2,
    configurations: 2,
    concurrency: 2,
    passes: 3,
    ...(facts.totalPasses === undefined ? {} : { total_passes: facts.totalPasses }),
    likely_micro_usd: 5_000_000,
    worst_micro_usd: 9_000_000,
    version: "0.1.0",
    pid: 1,
  };
}

export function reserved(
  seq: number,
  gpu = "g2-gpu-rtx4000a1-s",
  models = ["Qwen/Qwen2.5-Coder-7B-Instruct"],
): Fact {
  return {
    type: "rental.reserved",
    label: labelOf(seq),
    rental: seq,
    gpu,
    region: "us-ord",
    models,
    price_micro_usd: 520_000,
    hours: 3,
    micro_usd: 1_560_000,
    deadline: "2026-11-24T13:00:00.000Z",
    expires: "2026-11-24T13:10:00.000Z",
    host_key: "AAAA",
  };
}

export function labelOf(seq: number): string {
  return `mds-1a2b3c4d-${String(seq).padStart(3, "0")}-abcd-xt1abcd`;
}
