import * as fc from "fast-check";
import { type Cloud, CloudError } from "../../src/cloud/cloud.ts";
import type { Fact, Journal, SweepEvent } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { volatileJournal } from "../../src/journal/create-journal.ts";
import { admits, foldLedger } from "../../src/run-state/ledger.ts";
import { FencedError } from "../../src/journal/journal-errors.ts";
import type { RunState } from "../../src/run-state/run-state.ts";
import type { Clock } from "../../src/support/clock.ts";
import { isoUtc } from "../../src/support/clock.ts";
import { destroyAndProve } from "../../src/teardown/destroy-rental.ts";
import { destroyFirewall } from "../../src/teardown/destroy-firewall.ts";
import { recoverRun } from "../../src/teardown/recover-run.ts";
import { resolveCreate } from "../../src/teardown/resolve-create.ts";
import type { TeardownPorts } from "../../src/teardown/teardown-ports.ts";
import {
  firewallLabel,
  HOUR,
  opened,
  reserved,
  RUN,
  START,
  vmLabel,
} from "../journal/journal-rig.ts";
import { memoryCloud, type Fault, type MemoryCloud } from "./memory-cloud.ts";
import { requestOf } from "./teardown-rig.ts";
import { virtualClock } from "./virtual-clock.ts";

const MINUTE = 60_000;
const PRICE = 520_000;
const RESERVED_HOURS = 4;

/** What goes wrong, and when. */
export interface Schedule {
  readonly rentals: readonly { readonly workMinutes: number; readonly startMinutes: number }[];
  readonly capHours: number;
  readonly faults: readonly Fault[];
  /** Each owner dies before or after its n-th fact, or while a call is under way; the last one lives. */
  readonly deaths: readonly {
    readonly facts: number;
    readonly before: boolean;
    readonly leftMinutes: number;
  }[];
}

export interface Outcome {
  readonly cloud: MemoryCloud;
  readonly state: RunState;
  readonly events: readonly SweepEvent[];
  readonly capMicroUsd: number;
  readonly ledgerMicroUsd: number;
}

/** Runs a small sweep under a schedule, and recoveries after it until one ends the run. */
export async function runSchedule(schedule: Schedule): Promise<Outcome> {
  const clock = virtualClock(START);
  const cloud = memoryCloud(clock, { price: PRICE });
  cloud.faults.push(...schedule.faults);
  cloud.plant("web-server");
  const capMicroUsd = schedule.capHours * PRICE;
  let newest = 0;
  let events: readonly SweepEvent[] = [];

  for (const [index, death] of [...schedule.deaths, undefined].entries()) {
    const life = newLife(clock);
    newest += 1;
    const gen = newest;
    const ownership = {
      gen,
      assertCurrent: (): void => {
        if (newest > gen) throw new FencedError(gen, newest);
      },
    };
    const durable = volatileJournal(events, { run: RUN, ownership, clock });
    const journal = dyingJournal(durable, life, death);
    const ports = {
      cloud: dyingCloud(cloud, life),
      journal,
      ownership,
      clock: life.clock,
      random: () => 0.5,
    };
    const work = async (): Promise<void> => {
      if (index === 0) return sweep(schedule, capMicroUsd, ports);
      await recoverRun({
        ...ports,
        folder: "/nowhere/abcd1234",
        by: "recover",
        pid: 1,
        excludeHeld: true,
      });
    };
    await Promise.race([work(), life.ended]);
    life.die();
    events = [...durable.events()];
    await clock.sleep((death?.leftMinutes ?? 0) * MINUTE);
    if (foldRun(events).closed !== undefined) break;
  }
  // Whatever the dead had sent has arrived by now.
  await clock.sleep(2 * HOUR);
  const state = foldRun(events);
  const ledger = foldLedger(state, clock.now());
  return {
    cloud,
    state,
    events,
    capMicroUsd,
    ledgerMicroUsd: ledger.spentMicroUsd + ledger.reservedMicroUsd,
  };
}

async function sweep(schedule: Schedule, capMicroUsd: number, all: TeardownPorts): Promise<void> {
  const { cloud, journal, clock } = all;
  await journal.append({ ...opened, cap_micro_usd: capMicroUsd });
  await journal.append({ type: "firewall.intended", label: firewallLabel, cidrs: [] });
  const firewall = await cloud
    .createFirewall({ label: firewallLabel, sshCidrs: [], tags: [] })
    .catch(() => undefined);
  if (firewall !== undefined) {
    await journal.append({
      type: "firewall.acknowledged",
      label: firewallLabel,
      firewall_id: firewall.id,
    });
  }
  const rent = async (seq: number, startMinutes: number, workMinutes: number): Promise<void> => {
    await clock.sleep(startMinutes * MINUTE);
    if (!admits(foldLedger(foldRun(journal.events()), clock.now()), RESERVED_HOURS * PRICE)) return;
    const label = vmLabel(seq);
    const hours = RESERVED_HOURS;
    const deadlineMs = clock.now() + (hours - 1) * HOUR;
    await journal.append(
      reserved(label, {
        rental: seq,
        hours,
        price_micro_usd: PRICE,
        micro_usd: hours * PRICE,
        deadline: isoUtc(deadlineMs),
      }),
    );
    await journal.append({
      type: "create.intended",
      label,
      gpu: "g2-gpu-rtx4000a1-s",
      region: "us-ord",
      price_micro_usd: PRICE,
    });
    await journal.append({ type: "create.sent", label });
    const rental = () => {
      const found = foldRun(journal.events()).rentals.get(label);
      if (found === undefined) throw new Error("lost");
      return found;
    };
    const request = requestOf(label);
    let exists = true;
    try {
      const vm = await cloud.createVm(request);
      await journal.append({ type: "create.acknowledged", label, vm_id: vm.id, ipv4: "" });
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const outcome = await resolveCreate(
        { ...all, rental: rental(), error, request },
        new AbortController().signal,
      );
      exists = outcome.outcome === "created";
    }
    if (!exists) return;
    await clock.sleep(Math.min(workMinutes * MINUTE, deadlineMs - clock.now()));
    await destroyAndProve({ ...all, rental: rental(), reason: "done" });
  };
  await Promise.all(
    schedule.rentals.map(({ startMinutes, workMinutes }, seq) =>
      rent(seq, startMinutes, workMinutes),
    ),
  );
  await destroyFirewall({ ...all, run: RUN });
  await journal.append({ type: "run.closed", exit_code: 0, state: "finished" });
}

/** A process: after its death nothing that it waits for ever comes. */
interface Life {
  readonly clock: Clock;
  readonly ended: Promise<void>;
  alive(): boolean;
  die(): void;
  /** What a living process gets; a dead one gets nothing. */
  receive<T>(promise: Promise<T>): Promise<T>;
}

function newLife(clock: Clock): Life {
  let alive = true;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const receive = <T>(promise: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      promise.then(
        (value) => alive && resolve(value),
        (error: unknown) => alive && reject(error as Error),
      );
    });
  return {
    clock: { ...clock, sleep: (ms, signal) => receive(clock.sleep(ms, signal)) },
    ended,
    alive: () => alive,
    die: () => {
      alive = false;
      end();
    },
    receive,
  };
}

function dyingJournal(
  journal: Journal,
  life: Life,
  death: Schedule["deaths"][number] | undefined,
): Journal {
  let facts = 0;
  return {
    ...journal,
    append: async (fact: Fact) => {
      if (!life.alive()) return new Promise<never>(() => undefined);
      facts += 1;
      const last = death !== undefined && facts >= death.facts;
      if (last && death.before) {
        life.die();
        return new Promise<never>(() => undefined);
      }
      const event = await journal.append(fact);
      if (last) life.die();
      return life.receive(Promise.resolve(event));
    },
  };
}

function dyingCloud(cloud: MemoryCloud, life: Life): Cloud {
  const through =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      life.alive() ? life.receive(call(...args)) : new Promise<T>(() => undefined);
  return {
    ...cloud,
    createVm: through((request) => cloud.createVm(request)),
    deleteVm: through((id) => cloud.deleteVm(id)),
    getVm: through((id, signal) => cloud.getVm(id, signal)),
    listVms: through((filter, signal) => cloud.listVms(filter, signal)),
    account: through((signal) => cloud.account(signal)),
    createFirewall: through((request) => cloud.createFirewall(request)),
    deleteFirewall: through((id) => cloud.deleteFirewall(id)),
    listFirewalls: through((filter, signal) => cloud.listFirewalls(filter, signal)),
  };
}

const calls = [
  "createVm",
  "deleteVm",
  "getVm",
  "listVms",
  "account",
  "createFirewall",
  "deleteFirewall",
  "listFirewalls",
] as const;
const minutes = (max: number) => fc.nat({ max });

/** Bounded, so that a VM can be destroyed within what its reservation covers. */
const fault: fc.Arbitrary<Fault> = fc
  .record({
    on: fc.subarray([...calls], { minLength: 1 }),
    skip: fc.nat({ max: 12 }),
    count: fc.integer({ min: 1, max: 6 }),
    action: fc.oneof(
      fc.constant({ do: "drop-before" } as const),
      fc.constant({ do: "commit-then-drop" } as const),
      fc.record({ do: fc.constant("commit-later" as const), ms: fc.nat({ max: 500_000 }) }),
      fc.record({
        do: fc.constant("refuse" as const),
        kind: fc.constantFrom(
          "no_capacity",
          "validation",
          "token",
          "scope",
          "busy",
          "rate_limit",
          "maintenance",
          "transient",
          "unreachable",
        ),
        sent: fc.boolean(),
      }),
      fc.record({ do: fc.constant("stale-list" as const), ms: fc.nat({ max: 120_000 }) }),
    ),
  })
  .map((one): Fault => one);

const wrongAccount: fc.Arbitrary<Fault> = fc.record({
  on: fc.constant(["getVm", "listVms", "account", "listFirewalls"] as const),
  skip: fc.nat({ max: 20 }),
  count: fc.integer({ min: 1, max: 9 }),
  action: fc.constant({ do: "wrong-account" } as const),
});

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  rentals: fc.array(fc.record({ workMinutes: minutes(200), startMinutes: minutes(90) }), {
    minLength: 1,
    maxLength: 4,
  }),
  capHours: fc.integer({ min: 3, max: 14 }),
  faults: fc.array(fault, { maxLength: 4 }),
  deaths: fc.array(
    fc.record({
      facts: fc.integer({ min: 1, max: 30 }),
      before: fc.boolean(),
      leftMinutes: minutes(20),
    }),
    { maxLength: 3 },
  ),
});

export const strangeSchedules: fc.Arbitrary<Schedule> = fc
  .tuple(schedules, wrongAccount)
  .map(([schedule, odd]) => ({ ...schedule, faults: [odd] }));
