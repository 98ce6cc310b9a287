import { createLinodeReader } from "../cloud/linode-cloud.ts";
import { readTokenExpiry } from "../cloud/token-expiry.ts";
import { GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { Market } from "../estimate/market.ts";
import { readJournal } from "../journal/journal-file.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { usd } from "../support/money.ts";
import type { CommandCall } from "../cli/command.ts";
import { openCloudTarget, type CloudTarget } from "../run/cloud-target.ts";
import { planFromText } from "../run/load-plan.ts";
import { readMarket } from "../run/market.ts";
import { runPlan } from "../run/run-plan.ts";
import { liveFindings, type Finding } from "./live-findings.ts";

const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

/** Rents the cheapest VM that is in stock for one short pass, and tells what it has shown of the live checklist. */
export async function liveDrill(call: CommandCall): Promise<ExitCode> {
  const { options, terminal } = call;
  if (options["maxCost"] === undefined) {
    throw new SweepError("a live drill spends money", {
      exitCode: ExitCode.usage,
      reason: "the cap is the consent, and --max-cost is missing",
      hint: "maider-sweep drill --live --max-cost 2",
    });
  }
  const target = await openCloudTarget(options, terminal, true);
  try {
    const stop = terminal.signals.stop;
    const { apiUrl, token, clock } = target;
    const reader = createLinodeReader({ apiUrl, token, clock });
    const gpu = cheapest(await readMarket({ apiUrl, token, clock }, stop));
    const before = await reader.account(stop);
    const tokenExpiryMs = await expiryOf(target, stop);
    const plan = planFromText(
      `version: 1\nname: live-drill\npasses: 1\nsuites: [coding]\nentries:\n  - gpu: ${gpu}\n    models: [${MODEL}]\n`,
      "<drill>",
      options,
    );
    let folder = "";
    // Stdout is for the findings; the same far side is used, so that a simulated one is not started twice.
    const code = await runPlan(plan, {
      ...call,
      options: {
        ...options,
        json: false,
        ...(target.simulated === undefined ? {} : joined(target)),
      },
      terminal: { ...terminal, stdout: terminal.stderr },
      onBegun: (_run, at) => {
        folder = at;
        return Promise.resolve();
      },
    });
    if (folder === "") return code;
    const after = await reader.account(stop).catch(() => before);
    const [beforeMicros, afterMicros] = [before.balanceUninvoiced, after.balanceUninvoiced];
    const findings = liveFindings(readJournal(folder).events, {
      tokenExpiryMs,
      uninvoiced:
        beforeMicros === undefined || afterMicros === undefined
          ? undefined
          : { beforeUsd: usd(beforeMicros), afterUsd: usd(afterMicros) },
    });
    terminal.stdout.write(
      options["json"] === true
        ? `${JSON.stringify({ simulated: target.simulated !== undefined, findings }, undefined, 2)}\n`
        : findings.map(line).join(""),
    );
    return code;
  } finally {
    target.simulated?.release();
  }
}

function joined(target: CloudTarget): Readonly<Record<string, unknown>> {
  return { simulate: target.apiUrl, speed: undefined, seed: undefined };
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

async function expiryOf(
  target: CloudTarget,
  signal: AbortSignal,
): Promise<number | null | undefined> {
  return readTokenExpiry(
    { apiUrl: target.apiUrl, token: target.token ?? "", clock: target.clock },
    signal,
  );
}

function line({ item, what, state, detail }: Finding): string {
  return `${String(item).padStart(2)}. ${state.padEnd(11)} ${what}\n${detail === "" ? "" : `    ${" ".repeat(12)}${detail}\n`}`;
}
