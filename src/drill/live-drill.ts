import { join } from "node:path";
import { stringify } from "yaml";
import { GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { Market } from "../estimate/market.ts";
import { readJournal } from "../journal/journal-file.ts";
import { openCloudTarget, type CloudTarget } from "../run/cloud-access/cloud-target.ts";
import { readMarket } from "../run/preflight/read-market.ts";
import type { RunContext } from "../run/run-context.ts";
import type { RunRequest } from "../run/run-request.ts";
import { startRun, type RunOutcome } from "../run/start-run.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import type { ProbedVm } from "../sweep/probed-vm.ts";
import type { Finding } from "./finding.ts";
import { probeOneGpu, probeTwoGpus } from "./gather-evidence.ts";
import type { LiveEvidence } from "./live-evidence.ts";
import { liveFindings } from "./live-findings.ts";

/** In the order in which `probeOneGpu` uses them. */
const MODELS = ["Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", "openai/gpt-oss-20b"] as const;
const CARD = "rtx-4000-ada";
const FILE = "live-drill.json";

export interface LiveDrill {
  readonly outcome: RunOutcome;
  /** Undefined if no run began. */
  readonly result: LiveDrillResult | undefined;
}

export interface LiveDrillResult {
  readonly run: string;
  readonly simulated: boolean;
  readonly findings: readonly Finding[];
  /** Where the result was saved, as JSON. */
  readonly file: string;
}

/**
 * Rents the cheapest VM with one RTX 4000 Ada, and with `twoGpus` one with two, does the probes of the live checklist on
 * it, destroys it, and judges what was seen. The result is saved in the run's folder.
 * @throws SweepError exit 2 without a cap, exit 4 if no such type is in stock, and what `startRun` throws
 */
export async function liveDrill(
  request: Omit<RunRequest, "subject">,
  { twoGpus }: { readonly twoGpus: boolean },
  context: RunContext,
): Promise<LiveDrill> {
  if (request.overrides.maxCost === undefined) {
    throw new SweepError("a live drill spends money", {
      exitCode: ExitCode.usage,
      reason: "the cap is the consent, and --max-cost is missing",
      hint: `maider-sweep drill --live --max-cost ${twoGpus ? "5" : "2"}`,
    });
  }
  const target = await openCloudTarget(request.cloud, context.env, true);
  try {
    const market = await readMarket(target, context.signals.stop);
    const entries = [
      { gpu: cheapest(market, 1), models: MODELS },
      ...(twoGpus ? [{ gpu: cheapest(market, 2), models: MODELS.slice(0, 1) }] : []),
    ];
    const text = stringify({
      version: 1,
      name: "live-drill",
      passes: 1,
      suites: ["coding"],
      entries,
    });
    const oneGpu: LiveEvidence = { failures: {} };
    const two: LiveEvidence | undefined = twoGpus ? { failures: {} } : undefined;
    const probe = (vm: ProbedVm): Promise<void> =>
      two !== undefined && vm.gpuId === entries[1]?.gpu
        ? probeTwoGpus(vm, two)
        : probeOneGpu(vm, oneGpu);
    const subject = { kind: "probe", source: { text, name: "<drill>" }, probe } as const;
    const cloud = sameCloud(request, target);
    const outcome = await startRun({ ...request, cloud, subject }, context);
    if (outcome.kind !== "ended") return { outcome, result: undefined };
    const { folder, run, simulated } = outcome.summary;
    const findings = liveFindings(readJournal(folder).events, oneGpu, two);
    const file = join(folder, FILE);
    await writeFileAtomically(
      file,
      `${JSON.stringify({ run, simulated, findings, evidence: [oneGpu, two] }, undefined, 2)}\n`,
    );
    return { outcome, result: { run, simulated, findings, file } };
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

/** The cheapest type in stock with so many of the cards. @throws SweepError exit 4 */
function cheapest({ prices, availability }: Market, gpus: number): string {
  const inStock = GPU_TYPES.filter((type) => type.card.id === CARD && type.gpus === gpus).filter(
    ({ id }) => availability.some(({ type, available }) => type === id && available),
  );
  const price = (id: string): number => prices.get(id)?.hourly ?? Infinity;
  const [first] = inStock.toSorted((a, b) => price(a.id) - price(b.id));
  if (first !== undefined) return first.id;
  throw new SweepError(`no type with ${String(gpus)} RTX 4000 Ada is in stock anywhere`, {
    exitCode: ExitCode.provider,
    hint: "stock changes several times a day: try again later",
  });
}
