import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fact, SweepEvent } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { admits, foldLedger, foldMonth } from "../../src/run-state/ledger.ts";
import { billedHours } from "../../src/support/money.ts";
import { eventsOf, HOUR, opened, reserved, START, vmLabel } from "../journal/journal-rig.ts";

const CENT = 10_000;
const cap = opened.cap_micro_usd;

/** Events of a rental that is reserved at 0 and created at 1 min, followed by these facts. */
async function ledgerAt(ms: number, ...facts: readonly (readonly [number, Fact])[]) {
  const label = vmLabel(1);
  const events = await eventsOf(
    [0, opened],
    [0, reserved(label)],
    [60_000, { type: "create.sent", label }],
    ...facts,
  );
  return foldLedger(foldRun(events), START + ms);
}
const ack = [
  70_000,
  { type: "create.acknowledged", label: vmLabel(1), vm_id: 1, ipv4: "" },
] as const;

describe("foldLedger", () => {
  it("reserves the worst case before anything is spent", async () => {
    const state = foldRun(await eventsOf([0, opened], [0, reserved(vmLabel(1))]));
    expect(foldLedger(state, START)).toEqual({
      capMicroUsd: cap,
      spentMicroUsd: 0,
      reservedMicroUsd: 156 * CENT,
      leftMicroUsd: cap - 156 * CENT,
    });
  });

  it("moves started hours from reserved to spent once the create is sent", async () => {
    expect(await ledgerAt(60_000, ack)).toMatchObject({
      spentMicroUsd: 52 * CENT,
      reservedMicroUsd: 104 * CENT,
    });
    expect(await ledgerAt(60_000 + HOUR, ack)).toMatchObject({ spentMicroUsd: 52 * CENT });
    expect(await ledgerAt(60_001 + HOUR, ack)).toMatchObject({
      spentMicroUsd: 104 * CENT,
      reservedMicroUsd: 52 * CENT,
    });
  });

  it("shows an overrun and admits nothing more", async () => {
    const ledger = await ledgerAt(60_000 + 60 * HOUR, ack);
    expect(ledger).toMatchObject({ spentMicroUsd: 60 * 52 * CENT, reservedMicroUsd: 0 });
    expect(ledger.leftMicroUsd).toBeLessThan(0);
    expect(admits(ledger, 0)).toBe(false);
  });

  it("bills an unresolved create like a running VM", async () => {
    const unknown = [
      80_000,
      { type: "create.unknown", label: vmLabel(1), reason: "reset" },
    ] as const;
    expect(await ledgerAt(2 * HOUR, unknown)).toMatchObject({
      spentMicroUsd: 104 * CENT,
      reservedMicroUsd: 52 * CENT,
    });
  });

  it("frees the reservation once the deletion is confirmed", async () => {
    const gone = [HOUR, { type: "rental.gone", label: vmLabel(1) }] as const;
    expect(await ledgerAt(9 * HOUR, ack, gone)).toMatchObject({
      spentMicroUsd: 52 * CENT,
      reservedMicroUsd: 0,
    });
  });

  it("charges nothing if no VM was created", async () => {
    const gone = [HOUR, { type: "rental.gone", label: vmLabel(1) }] as const;
    expect(await ledgerAt(9 * HOUR, gone)).toMatchObject({
      spentMicroUsd: 0,
      reservedMicroUsd: 0,
      leftMicroUsd: cap,
    });
  });

  const otherGen = (events: readonly SweepEvent[], from: number): readonly SweepEvent[] =>
    events.map((event, index) => (index < from ? event : { ...event, gen: event.gen + 1 }));

  it("charges the reservation if the next owner does not find the VM of a create", async () => {
    const label = vmLabel(1);
    const events = await eventsOf(
      [0, opened],
      [0, reserved(label)],
      [60_000, { type: "create.sent", label }],
      [61_000, { type: "destroy.intended", label, reason: "it was left" }],
      [HOUR, { type: "rental.gone", label }],
    );
    const spent = (all: readonly SweepEvent[], ms: number): number =>
      foldLedger(foldRun(all), START + ms).spentMicroUsd;
    expect(spent(events, HOUR)).toBe(0);
    const heir = otherGen(events, 3);
    expect(spent(heir, HOUR)).toBe(156 * CENT);
    expect(spent(heir, 9 * HOUR)).toBe(156 * CENT);
  });

  it("charges the billed hours once another owner has found the VM of an unanswered create", async () => {
    const label = vmLabel(1);
    const events = await eventsOf(
      [0, opened],
      [0, reserved(label)],
      [60_000, { type: "create.sent", label }],
      [61_000, { type: "destroy.intended", label, reason: "it was left" }],
      [62_000, { type: "create.adopted", label, vm_id: 3, ipv4: "" }],
      [30 * 60_000, { type: "rental.gone", label }],
    );
    expect(foldLedger(foldRun(otherGen(events, 3)), START + HOUR).spentMicroUsd).toBe(52 * CENT);
  });

  it("charges nothing if no VM was created, even if our clock is hours slow, unless the label had expired", async () => {
    const slowMs = 5 * HOUR;
    const label = vmLabel(1, START + 4 * HOUR + slowMs);
    const spent = async (goneMs: number): Promise<number> => {
      const by = (ms: number) => ({ by_the_api: new Date(START + ms + slowMs).toISOString() });
      const events = await eventsOf(
        [0, opened],
        [0, reserved(label)],
        [60_000, { type: "create.sent", label, ...by(60_000) }],
        [goneMs, { type: "rental.gone", label, ...by(goneMs) }],
      );
      return foldLedger(foldRun(events), START + goneMs).spentMicroUsd;
    };
    expect(await spent(10 * 60_000)).toBe(0);
    expect(await spent(4 * HOUR)).toBe(4 * 52 * CENT);
  });

  it("charges the reservation if one of two creates is unresolved", async () => {
    const label = vmLabel(1);
    const spent = async (...between: readonly (readonly [number, Fact])[]): Promise<number> => {
      const events = await eventsOf(
        [0, opened],
        [0, reserved(label)],
        [60_000, { type: "create.sent", label }],
        ...between,
        [70_000, { type: "create.sent", label }],
        [80_000, { type: "create.acknowledged", label, vm_id: 4, ipv4: "" }],
        [HOUR, { type: "rental.gone", label }],
      );
      return foldLedger(foldRun(otherGen(events, events.length - 1)), START + HOUR).spentMicroUsd;
    };
    // The first create was rejected.
    expect(await spent()).toBe(52 * CENT);
    // The first create had no answer.
    expect(await spent([65_000, { type: "create.unknown", label, reason: "reset" }])).toBe(
      156 * CENT,
    );
  });

  it("counts hours by the API's clock if ours was set back", async () => {
    const label = vmLabel(1);
    const time = (ms: number): string => new Date(START + ms).toISOString();
    const events = await eventsOf(
      [0, opened],
      [0, reserved(label)],
      [0, { type: "create.sent", label, by_the_api: time(0) }],
      [HOUR, { type: "rental.gone", label, by_the_api: time(5 * HOUR) }],
    );
    expect(foldLedger(foldRun(events), START + HOUR).spentMicroUsd).toBe(5 * 52 * CENT);
  });

  it("admits up to the last micro-dollar", async () => {
    const ledger = await ledgerAt(60_000, ack);
    expect(admits(ledger, ledger.leftMicroUsd)).toBe(true);
    expect(admits(ledger, ledger.leftMicroUsd + 1)).toBe(false);
  });

  it("is never below the bill and, with admission control, never above the cap, in any interleaving", async () => {
    const step = fc.record({
      rental: fc.nat({ max: 5 }),
      hours: fc.integer({ min: 1, max: 4 }),
      price: fc.integer({ min: 1, max: 9_000_000 }),
      waitMs: fc.nat({ max: 2 * HOUR }),
      act: fc.constantFrom("rent", "end", "look"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        // The VM exists at most from `create.sent` to `rental.gone`.
        const vms: {
          label: string;
          bornMs: number;
          deadMs?: number;
          price: number;
          killByMs: number;
        }[] = [];
        const facts: (readonly [number, Fact])[] = [[0, opened]];
        let now = 0;
        const check = async (): Promise<void> => {
          const ledger = foldLedger(foldRun(await eventsOf(...facts)), START + now);
          const bill = vms.reduce(
            (sum, vm) =>
              sum + vm.price * billedHours(vm.bornMs, vm.deadMs ?? Math.max(now, vm.bornMs)),
            0,
          );
          expect(bill).toBeLessThanOrEqual(ledger.spentMicroUsd);
          expect(ledger.spentMicroUsd + ledger.reservedMicroUsd).toBeLessThanOrEqual(cap);
        };
        const end = (vm: (typeof vms)[number], atMs: number): void => {
          vm.deadMs = Math.max(vm.bornMs, atMs - 20);
          facts.push([atMs, { type: "rental.gone", label: vm.label }]);
        };
        for (const { rental, hours, price, waitMs, act } of steps) {
          now += waitMs;
          // No VM exists longer than the hours that are reserved for it.
          for (const vm of vms
            .filter(({ deadMs, killByMs }) => deadMs === undefined && killByMs <= now)
            .sort((a, b) => a.killByMs - b.killByMs)) {
            end(vm, vm.killByMs);
          }
          facts.sort(([a], [b]) => a - b);
          const label = vmLabel(vms.length);
          if (act === "rent") {
            const needed = price * hours;
            if (admits(foldLedger(foldRun(await eventsOf(...facts)), START + now), needed)) {
              facts.push([
                now,
                reserved(label, { hours, price_micro_usd: price, micro_usd: needed }),
              ]);
              facts.push([now, { type: "create.sent", label }]);
              facts.push([now, { type: "create.acknowledged", label, vm_id: 1, ipv4: "" }]);
              vms.push({ label, bornMs: now + 1, price, killByMs: now + hours * HOUR });
            }
          } else if (act === "end") {
            const vm = vms.filter(({ deadMs }) => deadMs === undefined)[rental];
            if (vm !== undefined) end(vm, now);
          }
          await check();
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("a month", () => {
  it("includes all runs of the folder except those that ended before it", async () => {
    const runOf = async (shiftMs: number) => {
      const label = vmLabel(1);
      return foldRun(
        await eventsOf(
          [shiftMs, opened],
          [shiftMs, reserved(label)],
          [shiftMs, { type: "create.sent", label }],
          [shiftMs, { type: "create.acknowledged", label, vm_id: 1, ipv4: "" }],
          [shiftMs + HOUR, { type: "rental.gone", label }],
        ),
      );
    };
    const month = 30 * 24 * HOUR;
    const states = [await runOf(0), await runOf(-HOUR * 5), await runOf(-month)];
    expect(foldMonth(states, 2_000_000, START + 2 * HOUR)).toMatchObject({
      spentMicroUsd: 104 * CENT,
      leftMicroUsd: 96 * CENT,
    });
  });
});
