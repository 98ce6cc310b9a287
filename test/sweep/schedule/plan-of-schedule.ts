import type { Estimate } from "../../../src/estimate/estimate.ts";
import { estimatePlan } from "../../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../../src/estimate/market.ts";
import { makeVmLabel, tagsOf } from "../../../src/journal/label.ts";
import type { SweepSettings } from "../../../src/sweep/settings.ts";
import { HOUR, RUN, START } from "../../journal/journal-rig.ts";
import { planWith } from "../../plan/a-plan.ts";
import type { Schedule } from "./schedule.ts";

export const MINUTE = 60_000;
export const PATIENCE_MS = 10 * MINUTE;
export const SSH_CIDRS = ["127.0.0.1/32"];
const TYPES = ["g2-gpu-rtx4000a1-s", "g2-gpu-rtx4000a2-s", "g2-gpu-rtx4000a1-m"];
const plans = new Map<string, Estimate>();

export function settingsOf(
  schedule: Schedule,
  cap: number,
  skipFirewallWait: AbortSignal,
): SweepSettings {
  return {
    run: RUN,
    version: "0.0.0",
    cap,
    monthlyCap: undefined,
    maxCostPerEntry: undefined,
    concurrency: schedule.concurrency,
    world: "sim-memory",
    sshPort: 22,
    sshCidrs: SSH_CIDRS,
    destroyPatienceMs: PATIENCE_MS,
    keepOnFailureMs: 0,
    streamInterval: undefined,
    allowRemoteCode: false,
    hfToken: undefined,
    leaveHeld: false,
    skipFirewallWait,
  };
}

export function estimateOf(schedule: Schedule): Estimate {
  const { concurrency, entries, passes, variants = false } = schedule;
  const key = [entries, concurrency, passes, variants].join();
  const known = plans.get(key);
  if (known !== undefined) return known;
  const model = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
  const models = variants ? `${model}, { id: ${model}, gpu_memory_utilization: 0.8 }` : model;
  const list = TYPES.slice(0, entries).map((gpu) => `{ gpu: ${gpu}, models: [${models}] }`);
  const top = `budget: { max_cost: 100 }\nconcurrency: ${String(concurrency)}\npasses: ${String(passes)}\nsuites: [coding]\nengine: { max_model_len: 16384 }`;
  const estimate = estimatePlan(planWith(`[${list.join(", ")}]`, top), builtInMarket());
  plans.set(key, estimate);
  return estimate;
}

const foreign = (label: string, type: string, tags: readonly string[]) => ({
  type,
  region: "us-ord",
  image: "linode/ubuntu24.04",
  label,
  root_pass: "Correct-horse-7-battery",
  interface_generation: "legacy_config",
  tags,
});
const IN_A_YEAR = { run: RUN, seq: 900, nonce: "zzzz", expiresMs: START + 365 * 24 * HOUR };

/** VMs that no run here creates: one with a label that is nearly ours, one that only its type gives away. */
export const FOREIGN = [
  foreign("mds-lookalike-001-abcd-xyz", TYPES[0] ?? "", ["maider-sweep"]),
  foreign(makeVmLabel(IN_A_YEAR), "g2-gpu-rtx4000a1-l", tagsOf(RUN)),
];
