import { GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { Market } from "../estimate/market.ts";
import { readJournal } from "../journal/journal-file.ts";
import { openCloudTarget, type CloudTarget } from "../run/cloud-access/cloud-target.ts";
import { readMarket } from "../run/preflight/read-market.ts";
import type { RunContext } from "../run/run-context.ts";
import type { RunRequest } from "../run/run-request.ts";
import { startRun, type RunOutcome } from "../run/start-run.ts";
import { connectReader, tokenExpiry } from "../run/wire.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { usd } from "../support/money.ts";
import { liveFindings, type Finding } from "./live-findings.ts";

const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const PATIENCE_MS = 60_000;

export interface LiveDrill {
  readonly outcome: RunOutcome;
  readonly simulated: boolean;
  /** What the VM has shown; undefined when no run began. */
  readonly findings: readonly Finding[] | undefined;
}

/**
 * Rents the cheapest VM that is in stock for one short pass, and reads what it has shown of the live checklist.
 * @throws SweepError exit 2 without a cap, exit 4 when no GPU type is in stock, and what `startRun` throws
 */
export async function liveDrill(
  request: Omit<RunRequest, "subject">,
  context: RunContext,
): Promise<LiveDrill> {
  if (request.overrides.maxCost === undefined) {
    throw new SweepError("a live drill spends money", {
      exitCode: ExitCode.usage,
      reason: "the cap is the consent, and --max-cost is missing",
      hint: "maider-sweep drill --live --max-cost 2",
    });
  }
  const target = await openCloudTarget(request.cloud, context.env, true);
  const simulated = target.simulated !== undefined;
  try {
    const { stop } = context.signals;
    const reader = connectReader(target);
    const gpu = cheapest(await readMarket(target, stop));
    const before = await reader.account(stop);
    const tokenExpiryMs = await tokenExpiry(target, PATIENCE_MS, stop);
    const text = `version: 1\nname: live-drill\npasses: 1\nsuites: [coding]\nentries:\n  - gpu: ${gpu}\n    models: [${MODEL}]\n`;
    const subject = { kind: "plan", source: { text, name: "<drill>" } } as const;
    const cloud = sameCloud(request, target);
    const outcome = await startRun({ ...request, cloud, subject }, context);
    if (outcome.kind !== "ended") return { outcome, simulated, findings: undefined };
    const after = await reader.account(stop).catch(() => before);
    const [beforeMicros, afterMicros] = [before.balanceUninvoiced, after.balanceUninvoiced];
    const findings = liveFindings(readJournal(outcome.summary.folder).events, {
      tokenExpiryMs,
      uninvoiced:
        beforeMicros === undefined || afterMicros === undefined
          ? undefined
          : { beforeUsd: usd(beforeMicros), afterUsd: usd(afterMicros) },
    });
    return { outcome, simulated, findings };
  } finally {
    target.simulated?.release();
  }
}

/** A simulated cloud is not started twice. */
function sameCloud(
  { cloud }: Pick<RunRequest, "cloud">,
  { apiUrl, simulated }: CloudTarget,
): RunRequest["cloud"] {
  if (simulated === undefined) return cloud;
  return { ...cloud, simulate: apiUrl, speed: undefined, seed: undefined };
}

function cheapest({ prices, availability }: Market): string {
  const inStock = GPU_TYPES.filter(({ id }) =>
    availability.some(({ type, available }) => type === id && available),
  );
  const price = (id: string): number => prices.get(id)?.hourly ?? Infinity;
  const [first] = inStock.toSorted((a, b) => price(a.id) - price(b.id));
  if (first !== undefined) return first.id;
  throw new SweepError("no GPU type is in stock anywhere", {
    exitCode: ExitCode.provider,
    hint: "stock changes several times a day: try again later",
  });
}
