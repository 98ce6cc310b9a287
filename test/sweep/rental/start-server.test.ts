import { expect, it } from "vitest";
import type { Machine } from "../../../src/machine/machine.ts";
import { readPlan } from "../../../src/plan/read-plan.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import type { SweepSettings } from "../../../src/sweep/settings.ts";
import { startServer } from "../../../src/sweep/rental/start-server.ts";

const GATED = "meta-llama/Llama-3.1-8B-Instruct";
const OPEN = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

async function acts(model: string, hfToken: string | undefined, ready: boolean) {
  const reading = readPlan(
    `version: 1\nentries:\n  - gpu: g2-gpu-rtx4000a1-s\n    models: [${model}]\n`,
    "plan.yaml",
  );
  const configuration = reading.ok ? reading.plan.entries[0]?.configurations[0] : undefined;
  if (configuration === undefined) throw new Error("the plan of this test is not good");
  const seen: unknown[] = [];
  const machine = {
    setSecret: (token: string | undefined) => {
      seen.push(["secret", token]);
      return Promise.resolve();
    },
    serve: () => {
      seen.push("serve");
      return Promise.resolve();
    },
  } as unknown as Machine;
  const answer = ready
    ? { ready }
    : { ready, retry: false, cause: "", evidence: "", remedy: "", log: "" };
  const ports = {
    journal: { append: () => Promise.resolve() },
    saveLog: (name: string) => Promise.resolve(name),
    machines: {
      waitForServer: () => {
        seen.push("wait");
        return Promise.resolve(answer);
      },
    },
  } as unknown as SweepPorts;
  await startServer(
    { label: "vm", configuration, machine, serverMayRun: false },
    ports,
    { hfToken } as unknown as SweepSettings,
    new AbortController().signal,
  );
  return seen;
}

it.each([true, false])(
  "a gated model's token is on the VM while the server starts, and no longer (ready: %s)",
  async (ready) => {
    expect(await acts(GATED, "hf_x", ready)).toEqual([
      ["secret", "hf_x"],
      "serve",
      "wait",
      ["secret", undefined],
    ]);
  },
);

it.each([
  [OPEN, "hf_x"],
  [GATED, undefined],
])("%s with the token %s puts no secret on the VM", async (model, token) => {
  expect(await acts(model, token, true)).toEqual(["serve", "wait"]);
});
