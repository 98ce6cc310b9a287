import { expect, test } from "vitest";
import type { SweepEvent } from "../../src/journal/events.ts";
import { MachineError } from "../../src/machine/machine.ts";
import { interruptedPasses, recordedPasses } from "../../src/sweep/recorded-passes.ts";
import { LABEL, newRig } from "../teardown/teardown-rig.ts";
import { simulatedSweep } from "./simulated-sweep.ts";

const SECOND = 1_000;

test("a link that is lost and comes back repeats no pass that was recorded", async () => {
  await using sweep = await simulatedSweep({ passes: 3 });
  sweep.after("pass.started", 3, () => {
    sweep.network.cut();
    void sweep.clock.sleep(60 * SECOND).then(() => sweep.network.heal());
  });
  await sweep.run();
  expect(sweep.ofType("pass.finished").map(({ pass }) => pass)).toEqual([1, 2, 3]);
  expect(sweep.ofType("configuration.finished")).toMatchObject([{ state: "measured", passes: 3 }]);
  expect(sweep.vms()).toHaveLength(1);
});

test("a resume on the living VM counts each recorded pass once, also when the server dies", async () => {
  let isDead = false;
  await using sweep = await simulatedSweep({
    passes: 4,
    change: ({ machines }) => ({
      machines: {
        ...machines,
        connect: async (target, signal) => {
          const machine = await machines.connect(target, signal);
          const dead = new MachineError("unreachable", "connection refused");
          return {
            ...machine,
            openChannel: (inner) => (isDead ? Promise.reject(dead) : machine.openChannel(inner)),
            serverStatus: async (inner) => ({
              ...(await machine.serverStatus(inner)),
              ...(isDead ? { state: "exited", exitCode: 1 } : {}),
            }),
          };
        },
      },
    }),
  });
  sweep.after("pass.finished", 2, () => sweep.kill());
  sweep.after("pass.started", 3, () => {
    isDead = true;
  });
  await sweep.run();
  await sweep.resume();
  expect(sweep.ofType("rental.reused")).toHaveLength(1);
  expect(sweep.ofType("pass.finished").map(({ pass }) => pass)).toEqual([1, 2]);
  expect(sweep.ofType("configuration.finished")).toMatchObject([{ state: "partial", passes: 2 }]);
});

test.each([
  ["another KV cache", "kv_cache_dtype: fp8"],
  ["another share of the memory", "gpu_memory_utilization: 0.8"],
  ["eager mode", "enforce_eager: true"],
  ["fewer requests at once", "max_num_seqs: 8"],
])(
  "a resume measures a configuration that differs from a measured one in %s",
  async (_, setting) => {
    const model = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
    await using sweep = await simulatedSweep({
      entries: `[{ gpu: g2-gpu-rtx4000a1-s, models: [${model}, { id: ${model}, ${setting} }] }]`,
    });
    sweep.after("server.stopped", 1, () => sweep.kill());
    await sweep.run();
    expect(sweep.ofType("pass.finished")).toHaveLength(2);
    await sweep.resume();
    expect(sweep.ofType("pass.finished")).toHaveLength(4);
    expect(new Set(sweep.ofType("pass.finished").map((pass) => pass.configuration)).size).toBe(2);
  },
);

test("passes in the journal of an older version, which names no configuration and no default, still count", async () => {
  await using sweep = await simulatedSweep();
  await sweep.run();
  const text = JSON.stringify(sweep.events(), (key, value: unknown) =>
    key === "configuration" || key === "max_num_seqs" ? undefined : value,
  );
  const old = JSON.parse(text) as SweepEvent[];
  const [wanted] = sweep.estimate.rentals.flatMap(({ configurations }) => configurations);
  if (wanted === undefined) throw new Error("the plan has no configuration");
  const { engine } = wanted;
  expect(recordedPasses(old, wanted)).toBe(2);
  const smaller = { ...wanted, engine: { ...engine, maxModelLen: 8192 } };
  expect(recordedPasses(old, smaller)).toBe(0);
  const fuller = { ...wanted, engine: { ...engine, gpuMemoryUtilization: 0.8 } };
  expect(recordedPasses(old, fuller)).toBe(0);
  const fewer = { ...wanted, engine: { ...engine, maxNumSeqs: 8 } };
  expect(recordedPasses(old, fewer)).toBe(0);
});

test("passes that were begun and did not end are void, once", async () => {
  const rig = newRig();
  await rig.rent();
  const pass = { label: LABEL, model: "m", passes: 3, tests: 4 };
  await rig.append(
    { type: "pass.started", ...pass, pass: 1 },
    { type: "pass.void", label: LABEL, model: "m", pass: 1, reason: "noise" },
    { type: "pass.started", ...pass, pass: 1 },
    { type: "pass.started", ...pass, model: "other", pass: 2 },
  );
  const cut = interruptedPasses(rig.journal.events());
  expect(cut).toMatchObject([
    { model: "m", pass: 1 },
    { model: "other", pass: 2 },
  ]);
  await rig.append(...cut);
  expect(interruptedPasses(rig.journal.events())).toEqual([]);
});
