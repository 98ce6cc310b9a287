import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Facts, Ownership, SweepEvent } from "../../src/journal/events.ts";
import { openJournal } from "../../src/journal/journal-file.ts";
import type { JournalOptions } from "../../src/journal/create-journal.ts";
import { volatileJournal } from "../../src/journal/create-journal.ts";
import { makeFirewallLabel, makeVmLabel } from "../../src/journal/label.ts";
import { isoUtc, type Clock } from "../../src/support/clock.ts";

export const RUN = "abcd1234";
export const START = Date.UTC(2026, 10, 24, 4);
export const HOUR = 3_600_000;

/** A clock that only advances by `moveTo`. */
export function manualClock(startMs = START): Clock & { moveTo(ms: number): void } {
  let now = startMs;
  return {
    speed: 1,
    now: () => now,
    monotonic: () => now,
    fromStamp: (ms) => ms,
    sleep: () => Promise.reject(new Error("the clock does not advance")),
    ceiling: (ms) => ms,
    moveTo: (ms) => {
      now = ms;
    },
  };
}

export function ownerOf(gen: number): Ownership {
  return { gen, assertCurrent: () => undefined };
}

export function newStateDir(): string {
  return mkdtempSync(join(tmpdir(), "mds-state-"));
}

export const vmLabel = (seq: number, expiresMs = START + 4 * HOUR): string =>
  makeVmLabel({ run: RUN, seq, nonce: "n0nc", expiresMs });
export const firewallLabel = makeFirewallLabel({ run: RUN, expiresMs: START + 9 * HOUR });

export const opened: { readonly type: "run.opened" } & Facts["run.opened"] = {
  type: "run.opened",
  plan: "quick",
  cap_micro_usd: 25_000_000,
  monthly_cap_micro_usd: null,
  world: null,
  api_url: "http://127.0.0.1:1",
  database: "/home/user/benchmark-database.json",
  account: "acc",
  ssh_port: 22,
  gpus: ["g2-gpu-rtx4000a1-s"],
  rentals: 1,
  configurations: 1,
  concurrency: 1,
  passes: 1,
  likely_micro_usd: 1,
  worst_micro_usd: 2,
  version: "0.1.0",
  pid: 4242,
};

export function reserved(
  label: string,
  more: Partial<Facts["rental.reserved"]> = {},
): { readonly type: "rental.reserved" } & Facts["rental.reserved"] {
  return {
    type: "rental.reserved",
    label,
    rental: 1,
    gpu: "g2-gpu-rtx4000a1-s",
    region: "us-ord",
    models: ["m"],
    price_micro_usd: 520_000,
    hours: 3,
    micro_usd: 1_560_000,
    deadline: isoUtc(START + 2 * HOUR),
    expires: isoUtc(START + 4 * HOUR),
    host_key: "AAAA",
    ...more,
  };
}

/** Events from facts, each with its time in milliseconds after `START`. */
export async function eventsOf(
  ...facts: readonly (readonly [
    number,
    Parameters<ReturnType<typeof volatileJournal>["append"]>[0],
  ])[]
): Promise<readonly SweepEvent[]> {
  const clock = manualClock();
  const journal = volatileJournal([], { run: RUN, ownership: ownerOf(1), clock });
  for (const [ms, fact] of facts) {
    clock.moveTo(START + ms);
    await journal.append(fact);
  }
  return journal.events();
}

export function openIn(folder: string, gen = 1, more: Partial<JournalOptions> = {}) {
  return openJournal({
    folder,
    run: RUN,
    ownership: ownerOf(gen),
    clock: manualClock(),
    ...more,
  });
}
