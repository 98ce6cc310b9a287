import { expect, test } from "vitest";
import { nothingIsLeft } from "../simulated/nothing-left.ts";
import { sweepRun } from "../simulated/sweep-run.ts";
import { journalOf, watchSweep } from "./watched-sweep.ts";

const PLAN = `version: 1
name: moving
budget: { max_cost: 3 }
passes: 2
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

test("a sweep whose public address changes opens its firewall for the new one and goes on with the same VM", async () => {
  await using rig = await sweepRun(3, "--speed", "60", "--delays", "0.1");
  const file = rig.plan(PLAN);
  const sweep = watchSweep(rig, "run", file, "--simulate", rig.url, "--json");
  await sweep.until("test.finished", 2);
  await rig.faults([{ action: "address-changes" }]);
  expect((await sweep.ended).code).toBe(0);
  expect(rig.records()).toHaveLength(2);
  const events = journalOf(rig);
  const [opened, updated, ...more] = events.filter(
    ({ type }) => type === "firewall.intended" || type === "firewall.updated",
  );
  expect(opened).toMatchObject({ type: "firewall.intended", cidrs: ["127.0.0.1/32"] });
  expect(updated).toMatchObject({ type: "firewall.updated", cidrs: ["127.0.0.1/31"] });
  expect(more).toEqual([]);
  const { requests } = await rig.ask<{ requests: Sent[] }>("requests");
  const rules = requests.filter(({ method, path }) => method === "PUT" && path.endsWith("/rules"));
  expect(rules.map(({ body }) => JSON.stringify(body))).toEqual([
    expect.stringContaining("127.0.0.1/31"),
  ]);
  await nothingIsLeft(rig, 1);
});
