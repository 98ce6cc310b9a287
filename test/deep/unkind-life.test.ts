import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/evidence/seeded-random.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";
import { journalOf, leftIn, statusOf } from "../scenarios/watched-sweep.ts";

const SIX_CONFIGURATIONS = `
version: 1
name: six-configurations
budget: { max_cost: 40, max_hours_per_rental: 4 }
concurrency: 3
passes: 2
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a1-m, g2-gpu-rtx4000a1-l]
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ, Qwen/Qwen3-8B-AWQ]
`;
const TWO_RENTALS = `
version: 1
name: two-rentals
budget: { max_cost: 12, max_hours_per_rental: 4 }
concurrency: 2
passes: 1
entries:
  - gpu: [g2-gpu-rtx4000a1-s, g2-gpu-rtx4000a1-m]
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

const SEED = process.env["UNKIND_SEED"] ?? "20261124";
const CUTS = 50;
const OUTAGES = Number(process.env["OUTAGES"] ?? 30);
const OUTAGE_SECONDS = 1_200;

/** Every pass that the journal acknowledges is in the database exactly once. */
function expectEachPassOnce(rig: SweepRun, passes: number): void {
  const finished = journalOf(rig).flatMap((event) =>
    event.type === "pass.finished" ? [event.record] : [],
  );
  const key = ({ gpu_type, model_id }: (typeof finished)[number]): string =>
    `${gpu_type} ${model_id}`;
  expect(finished).toHaveLength(passes);
  expect(new Set(finished.map(({ id }) => id)).size).toBe(passes);
  expect(rig.records().map(key).toSorted()).toEqual(finished.map(key).toSorted());
}

test(`a link that is cut ${CUTS} times costs no pass and no VM`, async () => {
  await using rig = await sweepRun(3);
  const random = seededRandom(`cuts ${SEED}`);
  const cuts = Array.from({ length: CUTS }, () => ({
    vm: { nth: 1 + random.below(3) },
    action: "link-breaks",
    after_seconds: 60 + random.below(3_600),
    seconds: 1 + random.below(60),
  }));
  await rig.faults(cuts);
  const { code, stderr } = await rig.run(
    "run",
    rig.plan(SIX_CONFIGURATIONS),
    "--simulate",
    rig.url,
    "--quiet",
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { vms } = await rig.ask<{ vms: readonly object[] }>("state");
  expect(vms).toHaveLength(3);
  expect(await leftIn(rig)).toEqual({ vms: 0, firewalls: 0 });
  expectEachPassOnce(rig, 12);
});

describe("an API that is down for 20 minutes", () => {
  const random = seededRandom(`outages ${SEED}`);
  const outages = Array.from({ length: OUTAGES }, () => ({
    after: random.below(4_200),
    status: [undefined, 503, 502][random.below(3)],
  }));

  test.each(outages)("after $after s aborts no healthy rental", async ({ after, status }) => {
    await using rig = await sweepRun(4);
    await rig.faults([
      {
        match: {},
        action: "down",
        after_seconds: after,
        seconds: OUTAGE_SECONDS,
        ...(status === undefined ? {} : { status }),
      },
    ]);
    const { code, stderr } = await rig.run(
      "run",
      rig.plan(TWO_RENTALS),
      "--simulate",
      rig.url,
      "--quiet",
    );
    // An outage that outlasts --destroy-patience leaves the rest to the guard.
    expect({ code, stderr }).toMatchObject({ code: expect.toBeOneOf([0, 4, 6]) as number });
    for (;;) {
      const { vms, firewalls } = await leftIn(rig);
      if (vms + firewalls === 0) break;
      await sleep(100);
    }
    const { vms } = await rig.ask<{ vms: readonly object[] }>("state");
    // Before anything exists, an API that is down ends the run (exit 4); nothing was rented then.
    expect(vms).toHaveLength(code === 4 ? 0 : 2);
    expectEachPassOnce(rig, code === 4 ? 0 : 2);
    const [run] = await statusOf(rig);
    const { usd } = await rig.ask<{ usd: number }>("invoice");
    expect(usd).toBeLessThanOrEqual((run?.spent_usd ?? 0) + 1e-9);
    expect(run?.spent_usd ?? 0).toBeLessThanOrEqual((run?.cap_usd ?? 0) + 1e-9);
  });
});
