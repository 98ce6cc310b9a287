import { expect, it } from "vitest";
import type { ApiFault } from "../../../src/simulator/faults/fault-scripts.ts";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import { simulatedSweep } from "../simulated-sweep.ts";

const CREATE = { method: "POST", path: "^/linode/instances$" };
const refused: ApiFault = { match: CREATE, action: "status", status: 403 };
const lost: ApiFault = { match: CREATE, count: -1, action: "drop-before" };

it.each<[string, readonly ApiFault[], readonly MachineFault[], string]>([
  ["creating", [refused], [], "it could not be created: HTTP 403"],
  ["creating", [lost], [], "it could not be created: the connection broke"],
  ["booting", [], [{ vm: {}, action: "boot-hangs" }], "it was still booting"],
  ["setup", [], [{ vm: {}, action: "setup-fails" }], "the set-up failed at driver"],
])("a rental that fails says at which stage: %s", async (stage, faults, machineFaults, why) => {
  await using sweep = await simulatedSweep({ faults, machineFaults });
  await sweep.run().catch(() => undefined);
  expect(sweep.ofType("rental.failed")[0]).toMatchObject({
    stage,
    reason: expect.stringContaining(why) as string,
  });
});

it("the configurations of a rental that ends early are journaled, each with what was recorded", async () => {
  const model = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
  await using sweep = await simulatedSweep({
    entries: `[{ gpu: g2-gpu-rtx4000a1-s, models: [${model}, { id: ${model}, max_num_seqs: 8 }] }]`,
  });
  sweep.after("pass.finished", 1, () => sweep.network.cut());
  await sweep.run();
  expect(sweep.ofType("configuration.finished")).toMatchObject([
    { state: "partial", passes: 1 },
    { state: "not_started", passes: 0 },
  ]);
});
