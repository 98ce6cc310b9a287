import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { pauseBeforeSpending } from "../../src/cli/pause-before-spending.ts";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../src/estimate/market.ts";
import type { RunToConfirm } from "../../src/run/run-context.ts";
import { Interrupted } from "../../src/support/interrupts.ts";
import { planWith } from "../plan/a-plan.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const plan = planWith("[{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ]}]");
const estimate = estimatePlan(plan, builtInMarket());
const run: RunToConfirm = { plan, estimate, cap: 12_500_000, isCharged: true };

async function confirm({
  isTTY = true,
  options = {},
  planned = run,
  stop = new AbortController().signal,
}: {
  readonly isTTY?: boolean;
  readonly options?: { readonly yes?: true };
  readonly planned?: RunToConfirm;
  readonly stop?: AbortSignal;
}) {
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const waits: number[] = [];
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => {
    waits.push(ms);
    signal.throwIfAborted();
    return Promise.resolve();
  };
  const terminal = fakeTerminal({}, new PassThrough(), stderr, stop);
  const agreed = await pauseBeforeSpending(options, terminal, sleep)(planned);
  return { agreed, waits, shown: String(stderr.read() ?? "") };
}

test("on a terminal the cost is shown, and five seconds pass", async () => {
  const { agreed, shown, waits } = await confirm({});
  expect([agreed, waits]).toEqual([true, [5_000]]);
  expect(shown).toMatch(
    /^This rents VMs: likely \$\d+\.\d\d, at worst \$\d+\.\d\d, cap \$12\.50\.\nStarting in 5 seconds; press Ctrl-C to stop\.\n$/,
  );
});

test.each([
  ["without a terminal", { isTTY: false }],
  ["with --yes", { options: { yes: true } as const }],
  ["without charges", { planned: { ...run, isCharged: false } }],
])("%s a run starts at once", async (_when, how) => {
  expect(await confirm(how)).toEqual({ agreed: true, waits: [], shown: "" });
});

test("Ctrl-C during the pause stops the run", async () => {
  const stop = AbortSignal.abort(new Interrupted("SIGINT"));
  await expect(confirm({ stop })).rejects.toThrow(Interrupted);
});
