import { checkAccount, explainCloudError } from "../cloud/account-check.ts";
import { CloudError } from "../cloud/cloud.ts";
import type { Account } from "../cloud/cloud.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { newRunId, openStateFolder, runFolder } from "../journal/state-folder.ts";
import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { checkWritable } from "../results/store/database-file.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { MicroUsd } from "../support/money.ts";
import { autoSpeed, maxConcurrentRentals } from "./auto-speed.ts";
import { beginRun } from "./begin-run.ts";
import { checkBudget } from "./check-budget.ts";
import type { CommandCall } from "../cli/command.ts";
import { detach } from "./detach.ts";
import { executeSweep } from "./execute-sweep.ts";
import { openCloudTarget, withSpeed } from "./cloud-target.ts";
import { savePlan } from "./saved-plan.ts";
import type { CloudTarget } from "./cloud-target.ts";
import { Interrupted } from "../support/interrupts.ts";
import { isLoopback } from "../support/loopback.ts";
import { publicCidr } from "./public-ip.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { heartbeatUrl } from "../guard/heartbeat.ts";
import { reaperWarning } from "../guard/reaper-sign.ts";
import { saveSettings } from "./run-settings.ts";
import { tokenExpiryWarning } from "./token-expiry-warning.ts";
import { readHubToken, runLocalProgram } from "./token.ts";
import { connectCloud } from "./wire.ts";

/** What becomes of a plan whose one VM is left up for a user. */
export interface Hold {
  /** How long it may be held. @throws SweepError exit 3 */
  readonly reserve: (estimate: Estimate, cap: MicroUsd, maxHours: number) => Estimate;
  readonly whenHeld: (held: HeldRun) => Promise<ExitCode>;
}

/** What a verb has done differently. */
export interface RunHooks {
  /** Asked once it is known what it will cost. */
  readonly agreed?: (prepared: Prepared) => Promise<boolean>;
  readonly hold?: Hold;
}

export interface HeldRun {
  readonly run: string;
  readonly folder: string;
  readonly target: CloudTarget;
}

/**
 * Runs a plan from its checks to its summary. Nothing billable starts before everything checkable was checked: the
 * plan, the token and its scopes, the prices, the cap, our own address, the state folder and its lock, the guard.
 */
export async function runPlan(
  plan: CoveragePlan,
  call: CommandCall,
  ways: RunHooks = {},
): Promise<ExitCode> {
  try {
    return await checkAndRun(plan, call, ways);
  } catch (error) {
    // Whatever is interrupted once a sweep has begun ends in its own exit code; this came before.
    if (!(error instanceof Interrupted)) throw error;
    call.terminal.stderr.write(`${error.message}; nothing was created\n`);
    return ExitCode.interrupted;
  }
}

async function checkAndRun(
  plan: CoveragePlan,
  call: CommandCall,
  { agreed, hold }: RunHooks,
): Promise<ExitCode> {
  const { options, terminal } = call;
  const stop = terminal.signals.stop;
  const { maxCost } = plan.budget;
  if (maxCost === undefined) {
    throw new SweepError("the plan has no cap", {
      exitCode: ExitCode.usage,
      reason: "the cap is the consent to spend",
      hint: "add budget.max_cost to the plan, or give --max-cost USD",
    });
  }
  let target = await openCloudTarget(options, terminal, true);
  try {
    await checkWritable(target.databaseFile);
    heartbeatUrl(options, terminal.env, target);
    const account = await readAccount(target, stop);
    const prepared = await prepare(plan, target, options, stop);
    const { plan: wanted } = prepared;
    const estimate =
      hold?.reserve(prepared.estimate, maxCost, plan.budget.maxHoursPerRental) ?? prepared.estimate;
    for (const warning of estimate.warnings) terminal.stderr.write(`warning: ${warning}\n`);
    if (estimate.rentals.length === 0) {
      terminal.stderr.write("nothing to do: everything in the plan is fresh or skipped\n");
      return ExitCode.done;
    }
    checkBudget(estimate, maxCost, wanted.budget);
    const tokenEnds = await tokenExpiryWarning(target, estimate, wanted.concurrency, stop);
    if (tokenEnds !== undefined) terminal.stderr.write(`warning: ${tokenEnds}\n`);
    if (target.simulated === undefined) {
      const worst = Math.min(maxCost, estimate.worst.micros);
      const warning = reaperWarning(worst, target.stateDir, target.clock.now());
      if (warning !== undefined) terminal.stderr.write(`warning: ${warning}\n`);
    }
    if ((await agreed?.(prepared)) === false) return ExitCode.done;
    if (options["detach"] === true) return await detach(call, target);
    const speed = chooseSpeed(estimate, wanted, target, options);
    target = await withSpeed(target, speed.speed, options);
    const sshCidrs = [await sshCidr(wanted, target, stop)];
    const hubToken = await hubTokenFor(target, terminal.env);

    openStateFolder(target.stateDir);
    const run = newRunId();
    const folder = runFolder(target.stateDir, run);
    const ownership = await beginRun(run, target, call, hold !== undefined);
    try {
      stop.throwIfAborted();
      const streamInterval = target.simulated === undefined ? undefined : speed.streamInterval;
      await savePlan(folder, wanted);
      await saveSettings(folder, { options, streamInterval });
      const code = await executeSweep({
        run,
        folder,
        plan: wanted,
        estimate,
        cap: maxCost,
        target,
        account,
        ownership,
        sshCidrs,
        hubToken,
        streamInterval,
        call,
        resumed: undefined,
        worldGone: false,
        leaveHeld: hold !== undefined,
      });
      return code === ExitCode.done && hold !== undefined
        ? await hold.whenHeld({ run, folder, target })
        : code;
    } finally {
      await ownership.release();
    }
  } finally {
    target.simulated?.release();
  }
}

/** Who we are, and whether the token may do what a sweep needs. @throws SweepError exit 4 */
export async function readAccount(target: CloudTarget, signal: AbortSignal): Promise<Account> {
  try {
    const account = await connectCloud(target).account(signal);
    checkAccount(account);
    return account;
  } catch (error) {
    throw error instanceof CloudError ? explainCloudError(error, "read the account") : error;
  }
}

/** How fast a simulated clock runs. */
export function chooseSpeed(
  estimate: Estimate,
  plan: CoveragePlan,
  target: CloudTarget,
  options: Readonly<Record<string, unknown>>,
): { readonly speed: number; readonly streamInterval: number | undefined } {
  if (target.simulated === undefined) return { speed: 1, streamInterval: undefined };
  const wanted = options["speed"] as number | "auto" | undefined;
  const fixed = target.simulated.isSpeedOpen
    ? typeof wanted === "number"
      ? wanted
      : undefined
    : target.time.speed;
  return autoSpeed(maxConcurrentRentals(estimate, plan.concurrency), fixed);
}

export async function sshCidr(
  plan: Pick<CoveragePlan, "sshCidr">,
  target: CloudTarget,
  signal: AbortSignal,
): Promise<string> {
  if (plan.sshCidr !== undefined) return plan.sshCidr;
  // Nothing leaves this machine for a cloud that is on it.
  if (isLoopback(target.apiUrl)) return "127.0.0.1/32";
  return publicCidr({ fetch, signal });
}

/** A simulated hub lets anybody in who shows a token, and never sees a real one. */
export async function hubTokenFor(
  target: CloudTarget,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (target.simulated !== undefined) return "hf_simulated";
  return readHubToken({ env, run: runLocalProgram });
}
