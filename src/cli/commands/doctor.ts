import { styleText } from "node:util";
import { GPU_TYPES } from "../../catalog/gpu-catalog.ts";
import { apiNow } from "../../teardown/api-time.ts";
import type { CloudReader } from "../../cloud/cloud.ts";
import type { CoveragePlan } from "../../plan/coverage-plan.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import type { CommandCall, Handler } from "../command.ts";
import { estimatePlan, longestMinutes } from "../../estimate/estimate-plan.ts";
import { readMarket } from "../../run/market.ts";
import { ok, problem, type Check } from "../doctor/check.ts";
import {
  checkExpiry,
  checkLimits,
  checkMarket,
  checkToken,
  explained,
} from "../doctor/cloud-checks.ts";
import { checkHub } from "../doctor/hub-check.ts";
import {
  checkClock,
  checkDatabase,
  checkNode,
  checkReaper,
  checkState,
} from "../doctor/local-checks.ts";
import { wrapText } from "../../support/wrap-text.ts";
import { openCloudTarget, type CloudTarget } from "../../run/cloud-target.ts";
import { loadPlan } from "../../run/load-plan.ts";
import { sshCidr } from "../../run/preflight.ts";
import { connectReader, tokenExpiry } from "../../run/wire.ts";
import { cloudRequest, planRequest } from "../requests.ts";

const PATIENCE_MS = 15_000;

/** Whether a run would get through; reads only. */
export const doctor: Handler = async (call) => {
  const { options, parameters, terminal } = call;
  const plan =
    parameters[0] === undefined
      ? undefined
      : await loadPlan({ file: parameters[0] }, planRequest(call), terminal);
  const { target, tokenFailure } = await openOrReport(call);
  try {
    const checks = await examine(plan, target, tokenFailure, call);
    terminal.stdout.write(
      options["json"] === true
        ? `${JSON.stringify({ checks }, undefined, 2)}\n`
        : checks
            .map((check) =>
              lines(
                check,
                terminal.colour && terminal.stdout.isTTY,
                terminal.stdout.isTTY ? terminal.stdout.columns : Infinity,
              ),
            )
            .join(""),
    );
    return checks.some(({ state }) => state === "problem") ? ExitCode.provider : ExitCode.done;
  } finally {
    target.simulated?.release();
  }
};

async function examine(
  plan: CoveragePlan | undefined,
  target: CloudTarget,
  tokenFailure: Check | undefined,
  call: CommandCall,
): Promise<readonly Check[]> {
  const { terminal } = call;
  const signal = terminal.signals.stop;
  const reading = (token: string | undefined): CloudReader =>
    connectReader({ ...target, token }, PATIENCE_MS);
  const token = tokenFailure ?? (await checkToken(reading(target.token), signal));
  // A bad token spoils even what needs none.
  const reader = reading(token.state === "ok" ? target.token : undefined);
  const market = await checkMarket(reader, wantedTypes(plan), signal);
  return [
    checkNode(process.version),
    checkClock(reader.clockOffsetMs(), target.clock.speed),
    checkState(target.stateDir),
    await checkDatabase(target.databaseFile),
    token,
    ...(token.state === "ok" ? await ofToken(plan, target, reader, signal) : []),
    ...market,
    await checkHub(plan, cloudRequest(call), terminal.env, signal),
    await address(plan, target, signal),
    checkReaper(target.stateDir, target.clock.now()),
  ];
}

/** What only a good token can be asked. */
async function ofToken(
  plan: CoveragePlan | undefined,
  target: CloudTarget,
  reader: CloudReader,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { clock } = target;
  const estimate =
    plan === undefined ? undefined : estimatePlan(plan, await readMarket(target, signal));
  const length =
    estimate === undefined
      ? undefined
      : {
          likelyMinutes: estimate.wallMinutes,
          worstMinutes: longestMinutes(estimate, plan?.concurrency ?? 1),
        };
  const limits = await checkLimits(
    reader,
    plan?.concurrency,
    apiNow({ cloud: reader, clock }),
    signal,
  );
  try {
    const expiry = await tokenExpiry(target, PATIENCE_MS, signal);
    return [checkExpiry(expiry, clock.now(), length), limits];
  } catch (error) {
    signal.throwIfAborted();
    return [explained("token expiry", error, "read when the token ends"), limits];
  }
}

function wantedTypes(plan: CoveragePlan | undefined): ReadonlyMap<string, readonly string[]> {
  if (plan === undefined) return new Map(GPU_TYPES.map(({ id }) => [id, []]));
  return new Map(
    plan.entries.map(({ gpu, regions }) => [gpu.id, regions.length > 0 ? regions : plan.regions]),
  );
}

/** A token that cannot even be read is a finding, not the end. */
async function openOrReport(
  call: CommandCall,
): Promise<{ readonly target: CloudTarget; readonly tokenFailure: Check | undefined }> {
  const { env } = call.terminal;
  const request = cloudRequest(call);
  try {
    return { target: await openCloudTarget(request, env, false), tokenFailure: undefined };
  } catch (error) {
    const ofToken =
      error instanceof SweepError &&
      error.exitCode === ExitCode.provider &&
      request.simulate === undefined;
    if (!ofToken) throw error;
    return {
      target: await openCloudTarget({ ...request, tokenFile: undefined }, env, false),
      tokenFailure: explained("token", error, "read the token"),
    };
  }
}

async function address(
  plan: CoveragePlan | undefined,
  target: CloudTarget,
  signal: AbortSignal,
): Promise<Check> {
  try {
    const cidr = plan?.sshCidr ?? (await sshCidr({ sshCidr: undefined }, target, signal));
    return ok("own address", cidr);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SweepError)) throw error;
    return problem("own address", error.reason ?? error.message, error.hint ?? "");
  }
}

const COLOURS = { ok: "green", warning: "yellow", problem: "red" } as const;

const INDENT = 24;

/** @param width of the terminal; a pipe gets each text in one line */
function lines({ check, state, detail, remedy }: Check, colour: boolean, width: number): string {
  const word = state.padEnd(8);
  const mark = colour ? styleText(COLOURS[state], word, { validateStream: false }) : word;
  const text = [detail, ...(remedy === "" ? [] : [`try: ${remedy}`])]
    .flatMap((part) => wrapText(part, width - INDENT))
    .join(`\n${" ".repeat(INDENT)}`);
  return `${mark} ${check.padEnd(INDENT - 10)} ${text}\n`;
}
