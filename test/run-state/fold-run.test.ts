import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/journal/events.ts";
import { foldRun, isUnsettled, openRentals } from "../../src/run-state/fold-run.ts";
import {
  eventsOf,
  firewallLabel,
  HOUR,
  opened,
  reserved,
  START,
  vmLabel,
} from "../journal/journal-rig.ts";

const label = vmLabel(1);
const life: readonly (readonly [Fact, string])[] = [
  [reserved(label), "reserved"],
  [
    {
      type: "create.intended",
      label,
      gpu: "g2-gpu-rtx4000a1-s",
      region: "us-sea",
      price_micro_usd: 520_000,
    },
    "creating",
  ],
  [{ type: "create.sent", label }, "creating"],
  [{ type: "create.unknown", label, reason: "reset" }, "unknown"],
  [{ type: "create.adopted", label, vm_id: 7, ipv4: "192.0.2.1" }, "booting"],
  [{ type: "boot.running", label, seconds: 30 }, "connecting"],
  [{ type: "ssh.ready", label, seconds: 40 }, "setup"],
  [{ type: "setup.progressed", label, stage: "docker", index: 1, stages: 4 }, "setup"],
  [
    { type: "machine.ready", label, seconds: 200, driver: "580", gpu_name: "RTX", kernel: "6" },
    "ready",
  ],
  [{ type: "server.starting", label, model: "m", image: "i", max_model_len: 1 }, "serving"],
  [
    { type: "server.progressed", label, model: "m", stage: "download", bytes: 5, total_bytes: 9 },
    "serving",
  ],
  [
    { type: "server.ready", label, model: "m", seconds: 9, download_seconds: 5, vllm_version: "0" },
    "warming",
  ],
  [{ type: "pass.started", label, model: "m", pass: 1, passes: 3, tests: 12 }, "measuring"],
  [{ type: "pass.void", label, model: "m", pass: 1, reason: "jump" }, "measuring"],
  [{ type: "server.stopped", label, model: "m" }, "ready"],
  [
    { type: "rental.held", label, reason: "up", until: new Date(START + HOUR).toISOString() },
    "held",
  ],
  [{ type: "destroy.intended", label, reason: "done" }, "destroying"],
  [{ type: "destroy.sent", label, vm_id: 7 }, "destroying"],
  [{ type: "destroy.unseen", label }, "destroying"],
  [{ type: "rental.gone", label }, "gone"],
  [{ type: "rental.settled", label, hours: 1, micro_usd: 520_000, usd: 0.52 }, "settled"],
];

describe("foldRun", () => {
  it("follows a rental through its stages", async () => {
    const events = await eventsOf(...life.map(([fact], i) => [i * 1000, fact] as const));
    const stages = events.map((_, i) => foldRun(events.slice(0, i + 1)).rentals.get(label)?.stage);
    expect(stages).toEqual(life.map(([, stage]) => stage));
  });

  it("has the GPU type, region and deletion time at the end", async () => {
    const events = await eventsOf(...life.map(([fact], i) => [i * 1000, fact] as const));
    expect(foldRun(events).rentals.get(label)).toMatchObject({
      region: "us-sea",
      vmId: 7,
      createSentMs: START + 2000,
      goneMs: START + 19_000,
      settled: { hours: 1, microUsd: 520_000 },
      heldUntilMs: undefined,
    });
  });

  it("ignores late events of a VM that is being destroyed", async () => {
    const rest = fc.shuffledSubarray(
      life.slice(1, -2).map(([fact]) => fact),
      { minLength: 1 },
    );
    await fc.assert(
      fc.asyncProperty(rest, async (late) => {
        const facts = [
          reserved(label),
          { type: "destroy.intended", label, reason: "x" } as const,
          ...late,
        ];
        const state = foldRun(await eventsOf(...facts.map((fact, i) => [i, fact] as const)));
        expect(state.rentals.get(label)?.stage).toBe("destroying");
      }),
      { numRuns: 100 },
    );
  });

  it("can be computed incrementally, without changing the earlier state", async () => {
    const events = await eventsOf(
      [0, opened],
      ...life.map(([fact], i) => [i * 1000, fact] as const),
    );
    const first = foldRun(events.slice(0, 6));
    const before = structuredClone(first);
    expect(events.slice(6).reduce((state, event) => foldRun([event], state), first)).toEqual(
      foldRun(events),
    );
    expect(first).toEqual(before);
  });

  it("reopens a rental if its VM appears after it was confirmed deleted", async () => {
    const state = foldRun(
      await eventsOf(
        [0, reserved(label)],
        [1, { type: "create.sent", label }],
        [2, { type: "rental.gone", label }],
        [3, { type: "rental.settled", label, hours: 0, micro_usd: 0, usd: 0 }],
        [4, { type: "create.adopted", label, vm_id: 9, ipv4: "" }],
      ),
    );
    expect(openRentals(state)).toMatchObject([
      { vmId: 9, stage: "destroying", settled: undefined, goneMs: undefined },
    ]);
  });

  it("restarts the count of absent checks after each create", async () => {
    const absent = { type: "create.absent", label, look: 1, refusal: "" } as const;
    const facts = [
      [0, reserved(label)],
      [1, { type: "create.sent", label }],
      [5, absent],
    ] as const;
    expect(foldRun(await eventsOf(...facts)).rentals.get(label)).toMatchObject({
      absentChecks: 1,
      absentSinceMs: START + 5,
    });
    const again = await eventsOf(...facts, [6, { type: "create.sent", label }]);
    expect(foldRun(again).rentals.get(label)).toMatchObject({
      absentChecks: 0,
      absentSinceMs: undefined,
      createSentMs: START + 1,
    });
  });

  it("creates a rental from its label if the reservation is lost", async () => {
    const state = foldRun(
      await eventsOf([0, { type: "create.acknowledged", label, vm_id: 3, ipv4: "" }]),
    );
    expect(state.rentals.get(label)).toMatchObject({
      stage: "booting",
      vmId: 3,
      expiresMs: START + 4 * HOUR,
    });
  });

  it("has owner, guard, firewall and end of a run", async () => {
    const facts: readonly Fact[] = [
      opened,
      { type: "guard.acknowledged", pid: 5 },
      { type: "firewall.intended", label: firewallLabel, cidrs: ["192.0.2.7/32"] },
      { type: "firewall.acknowledged", label: firewallLabel, firewall_id: 8 },
      { type: "run.stopping", reason: "SIGINT" },
      { type: "run.adopted", by: "guard", pid: 5 },
      { type: "firewall.gone", label: firewallLabel },
      { type: "run.closed", exit_code: 130, state: "interrupted" },
    ];
    const events = await eventsOf(...facts.map((fact, i) => [i, fact] as const));
    expect(foldRun(events.slice(0, 5))).toMatchObject({
      pid: 4242,
      guardPid: 5,
      firewall: { id: 8, gone: false },
      stopping: "SIGINT",
    });
    const end = foldRun(events);
    expect(end).toMatchObject({
      pid: 5,
      guardPid: undefined,
      firewall: { gone: true },
      closed: { state: "interrupted" },
    });
    expect(isUnsettled(end)).toBe(false);
    const resumed = foldRun(
      await eventsOf([0, { type: "run.adopted", by: "resume", pid: 6 }]),
      end,
    );
    expect(resumed).toMatchObject({ closed: undefined, stopping: undefined, pid: 6 });
  });

  it("settles all rentals when the simulated world ends", async () => {
    const state = foldRun(
      await eventsOf(
        [0, reserved(label)],
        [0, { type: "firewall.intended", label: firewallLabel, cidrs: [] }],
        [1, { type: "create.sent", label }],
        [2, { type: "create.acknowledged", label, vm_id: 1, ipv4: "" }],
        [3, reserved(vmLabel(2))],
        [HOUR + 5, { type: "world.ended", world: "w" }],
      ),
    );
    expect([...state.rentals.values()].map(({ settled }) => settled)).toEqual([
      { hours: 2, microUsd: 1_040_000 },
      { hours: 0, microUsd: 0 },
    ]);
    expect(isUnsettled(state)).toBe(false);
  });
});
