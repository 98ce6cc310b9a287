import { expect, it } from "vitest";
import type { Fact, SweepEvent } from "../../../src/journal/events.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { serverDeath } from "../../../src/sweep/rental/server-death.ts";
import type { ServerJob } from "../../../src/sweep/rental/start-server.ts";

const label = "mds-k3f9qa7b-001-x7q2-xszzzzz";
const model = "Qwen/Qwen2.5-Coder-7B-Instruct";
const cause = "an illegal memory access";

async function death(before: readonly object[], state: "exited" | "running") {
  const appended: Fact[] = [];
  let now = 0;
  const ports = {
    clock: { now: () => now, sleep: async (ms: number) => void (now += ms) },
    journal: {
      events: () =>
        before.map((fact) => ({ ...fact, label, model, ts: "2026-11-24T10:00:00Z" }) as SweepEvent),
      append: async (fact: Fact) => void appended.push(fact),
    },
    saveLog: async (name: string) => name,
    machines: {
      waitForServer: async () => ({ ready: false, cause, evidence: "e", remedy: "r", log: "l" }),
    },
  } as unknown as SweepPorts;
  const machine = { serverStatus: async () => ({ state }) };
  const job = { label, configuration: { model: { id: model } }, machine } as unknown as ServerJob;
  const told = await serverDeath(job, ports, new AbortController().signal);
  return { told, appended };
}

const ready = { type: "server.ready", seconds: 1, download_seconds: 1, vllm_version: "1" };
const pass = { type: "pass.started", pass: 2, passes: 3, tests: 12 };

it.each([
  ["pass 2", [ready, { type: "warmup.finished" }, pass]],
  ["pass 2", [ready, pass, { type: "pass.failed", pass: 2, reasons: [] }]],
  ["the warm-up", [ready]],
])("a server that dies during %s is told so, with its log's reason", async (during, before) => {
  const { told, appended } = await death(before, "exited");
  expect(told).toBe(`vLLM died during ${during}: ${cause}`);
  expect(appended).toMatchObject([{ type: "server.failed", during, cause, evidence: "e" }]);
});

it("a server that still runs did not die, and nothing is said of it", async () => {
  expect(await death([ready, pass], "running")).toEqual({ told: undefined, appended: [] });
});
