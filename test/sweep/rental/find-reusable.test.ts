import { describe, expect, it } from "vitest";
import { estimatePlan } from "../../../src/estimate/estimate-plan.ts";
import type { PlannedRental } from "../../../src/estimate/estimate.ts";
import { builtInMarket } from "../../../src/estimate/market.ts";
import type { Fact } from "../../../src/journal/events.ts";
import { findReusable } from "../../../src/sweep/rental/find-reusable.ts";
import { firewallLabel, HOUR, opened, reserved, START } from "../../journal/journal-rig.ts";
import { planWith } from "../../plan/a-plan.ts";
import { LABEL, newRig, type Rig } from "../../teardown/teardown-rig.ts";

const CIDR = "192.0.2.1/32";
const GPU = "g2-gpu-rtx4000a1-s";

const [estimated] = estimatePlan(
  planWith(`[{ gpu: ${GPU}, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ] }]`),
  builtInMarket(),
).rentals;
const [configuration] = estimated?.configurations ?? [];

const planned = (id = "m", minutes = 20): PlannedRental => {
  if (estimated === undefined || configuration === undefined) throw new Error("no rental");
  const { engine, model } = configuration;
  const wanted = {
    model: { ...model, id },
    engine: { ...engine, image: "vllm", maxModelLen: 8192 },
  };
  const stages = { boot: 5, setup: 20, download: 1, load: 1, passes: minutes };
  return {
    ...estimated,
    configurations: [{ ...configuration, ...wanted }],
    likely: { ...estimated.likely, stages },
  };
};

/** A run with one VM that its owner has left. */
async function left(...more: readonly Fact[]): Promise<Rig> {
  const rig = newRig();
  await rig.append({ type: "firewall.intended", label: firewallLabel, cidrs: [CIDR] });
  await rig.append({ type: "firewall.acknowledged", label: firewallLabel, firewall_id: 1 });
  await rig.rent();
  rig.cloud.living().forEach((vm) => Object.assign(vm, { status: "running" }));
  await rig.append(...more);
  return rig;
}

const find = ({ cloud, clock, journal }: Rig, rental = planned()) =>
  findReusable([rental], { cloud, clock, events: journal.events() }, new AbortController().signal);

const starting: Fact = {
  type: "server.starting",
  label: LABEL,
  model: "m",
  image: "vllm",
  max_model_len: 8192,
};

describe("a VM that was left alive is used again", () => {
  it("when it is ours and has time enough", async () => {
    const rig = await left();
    expect(await find(rig)).toMatchObject([
      { rental: { label: LABEL }, vm: { label: LABEL }, serverMayBeRunning: false },
    ]);
  });

  it("with its server, when that serves what is wanted first", async () => {
    expect(await find(await left(starting))).toMatchObject([{ serverMayBeRunning: true }]);
    const otherWindow = await left({ ...starting, max_model_len: 4096 });
    expect(await find(otherWindow)).toMatchObject([{ serverMayBeRunning: false }]);
    const stopped = await left(starting, { type: "server.stopped", label: LABEL, model: "m" });
    expect(await find(stopped)).toMatchObject([{ serverMayBeRunning: false }]);
  });

  it("not when its deadline comes before the end of the work", async () => {
    const rig = await left();
    await rig.clock.sleep(HOUR);
    expect(await find(rig, planned("m", 55))).toHaveLength(1);
    expect(await find(rig, planned("m", 59))).toEqual([]);
  });

  it("by the API's clock, where ours was hours fast at its creation and has been set since", async () => {
    const fastMs = 5 * HOUR;
    const rig = newRig();
    const iso = (ms: number): string => new Date(ms).toISOString();
    const byOurs = iso(START + 2 * HOUR + fastMs);
    await rig.append(
      opened,
      { type: "firewall.intended", label: firewallLabel, cidrs: [CIDR] },
      { type: "firewall.acknowledged", label: firewallLabel, firewall_id: 1 },
      reserved(LABEL, { deadline: byOurs, expires: byOurs }),
    );
    rig.clock.jump(fastMs);
    await rig.append({ type: "create.sent", label: LABEL, by_the_api: iso(START) });
    rig.clock.jump(-fastMs);
    const vm = rig.cloud.plant(LABEL);
    await rig.append({ type: "create.acknowledged", label: LABEL, vm_id: vm.id, ipv4: "" });
    const cloud = { ...rig.cloud, clockOffsetMs: () => 0 };
    const [reusable] = await find({ ...rig, cloud });
    expect(reusable?.rental.deadlineMs).toBe(START + 2 * HOUR);
    rig.clock.jump(1.9 * HOUR);
    expect(await find({ ...rig, cloud })).toEqual([]);
  });

  it.each<[string, (rig: Rig) => unknown, PlannedRental?]>([
    ["the plan wants another model", () => undefined, planned("another")],
    ["it is gone", (rig) => rig.cloud.deleteVm(rig.cloud.living()[0]?.id ?? 0)],
    [
      "it is switched off",
      (rig) => Object.assign(rig.cloud.living()[0] ?? {}, { status: "offline" }),
    ],
    ["it is another type", (rig) => Object.assign(rig.cloud.living()[0] ?? {}, { type: "x" })],
    ["its firewall is gone", (rig) => rig.append({ type: "firewall.gone", label: firewallLabel })],
    [
      "it is being destroyed",
      (rig) => rig.append({ type: "destroy.intended", label: LABEL, reason: "" }),
    ],
    [
      "a person has it",
      (rig) => rig.append({ type: "rental.held", label: LABEL, reason: "", until: "2026-11-25" }),
    ],
    [
      "the cloud does not answer",
      (rig) =>
        rig.cloud.faults.push({
          on: ["listVms"],
          action: { do: "refuse", kind: "transient" },
        }),
    ],
  ])("not when %s", async (_why, happen, rental) => {
    const rig = await left();
    await happen(rig);
    await rig.clock.sleep(60_000);
    expect(await find(rig, rental)).toEqual([]);
  });
});
