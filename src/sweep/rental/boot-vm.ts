import { cardMismatch } from "../../catalog/card-mismatch.ts";
import { CloudError, type CloudVm, TEMPORARY_KINDS } from "../../cloud/cloud.ts";
import { findGpuType } from "../../catalog/gpu-catalog.ts";
import { MachineError } from "../../machine/machine.ts";
import type { Machine, MachineFacts, SetupStatus } from "../../machine/machine.ts";
import { TIMEOUTS } from "../timeouts.ts";
import { isVmDeleted } from "../../teardown/confirm-deleted.ts";
import type { RebootTimes } from "../probed-vm.ts";
import { createLink, targetOf, type VmLink } from "./link.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";

/** A VM that has been offline for longer did not start, so it is booted again. */
const OFFLINE_MS = 60_000;
/** A reboot request without an answer may have been accepted, so the next one is sent only after this time. */
const LOST_REBOOT_MS = 120_000;
const BETWEEN_REBOOT_TRIES_MS = 15_000;
const OLD_BOOT = "the old boot still answers";

/**
 * Waits until a created VM can serve: it is running, answers SSH with its pinned host key, and is set up.
 * @returns the open link, which the caller closes
 * @throws MachineError or CloudError if it does not become ready; the signal's reason
 */
export async function bootVm(vm: RentedVm, scope: RentalScope): Promise<VmLink> {
  const { label, ports, planned, signal } = scope;
  const { clock, journal } = ports;
  const start = clock.now();
  const seconds = (): number => Math.round(clock.now() - start) / 1000;
  const seen = await untilRunning(vm, scope);
  const isSeenRunning = seen !== undefined;
  if (isSeenRunning) await journal.append({ type: "boot.running", label, seconds: seconds() });
  const link = createLink(withAddress(vm, seen), scope);
  try {
    // If the API did not answer, the VM may still be booting.
    await link.open(TIMEOUTS.sshMs + (isSeenRunning ? 0 : TIMEOUTS.bootMs));
    await journal.append({ type: "ssh.ready", label, seconds: seconds() });
    await setUp(vm, link, scope);
    const facts = await link.run((machine) => machine.facts(signal));
    checkFacts(facts, planned.gpuId);
    await journal.append({
      type: "machine.ready",
      label,
      seconds: seconds(),
      driver: facts.gpus[0]?.driver ?? "",
      gpu_name: facts.gpus[0]?.name ?? "",
      kernel: facts.kernel,
    });
    return link;
  } catch (error) {
    link.close();
    throw error;
  }
}

/** Without an address, SSH would connect to this machine. @throws MachineError */
function withAddress(vm: RentedVm, seen: CloudVm | undefined): RentedVm {
  const ipv4 = vm.ipv4 === "" ? (seen?.ipv4 ?? "") : vm.ipv4;
  if (ipv4 === "") throw new MachineError("unreachable", "it has no public IPv4 address");
  return { ...vm, ipv4 };
}

/**
 * Waits until the VM is running, and boots it again if it stays `offline`.
 * @returns undefined if the API does not answer, so that the state is unknown
 * @throws MachineError
 */
async function untilRunning(
  { vmId }: RentedVm,
  { ports, signal }: RentalScope,
): Promise<CloudVm | undefined> {
  const { clock, cloud, ownership } = ports;
  const end = clock.monotonic() + TIMEOUTS.bootMs;
  let offlineSince: number | undefined;
  for (;;) {
    const seen = await unlessTransient(cloud.getVm(vmId, signal));
    if (seen instanceof CloudError) return undefined;
    if (seen === undefined && (await isVmDeleted(vmId, ports, signal)))
      throw new MachineError("unreachable", "the VM no longer exists");
    if (seen?.status === "running") return seen;
    if (seen?.status === "offline") {
      offlineSince ??= clock.monotonic();
      if (clock.monotonic() - offlineSince > OFFLINE_MS) {
        // A boot that is refused for now is requested again after another `OFFLINE_MS`.
        offlineSince = undefined;
        ownership.assertCurrent();
        await unlessTransient(cloud.bootVm(vmId));
      }
    }
    if (clock.monotonic() >= end) {
      const minutes = String(TIMEOUTS.bootMs / 60_000);
      const status = seen?.status ?? "unknown to the API";
      throw new MachineError(
        "timeout",
        `it was still ${status} ${minutes} minutes after its creation`,
      );
    }
    await clock.sleep(TIMEOUTS.pollMs, signal);
  }
}

/** Waits for the set-up, and reboots once if it asks for that. @throws MachineError if the set-up fails */
async function setUp(vm: RentedVm, link: VmLink, scope: RentalScope): Promise<void> {
  const { label, ports, signal } = scope;
  const { clock, journal, machines } = ports;
  const end = clock.monotonic() + TIMEOUTS.setupMs;
  let journaled: Promise<unknown> = Promise.resolve();
  const onProgress = ({ stage, index, stages }: SetupStatus): void => {
    journaled = journal
      .append({ type: "setup.progressed", label, stage, index, stages })
      .catch(() => undefined);
  };
  const wait = async (ceilingMs: number): Promise<SetupStatus> => {
    try {
      return await link.run((machine) =>
        machines.waitForSetup(machine, { clock, ceilingMs, onProgress }, signal),
      );
    } finally {
      // The stage of a failure is read from the journal.
      await journaled;
    }
  };
  let status = await wait(TIMEOUTS.setupMs);
  if (status.rebootNeeded) {
    await nextBootOf(vm, status.bootId, link, scope);
    status = await wait(Math.max(TIMEOUTS.rebootMs, end - clock.monotonic()));
  }
  if (status.state !== "done") {
    throw new MachineError(
      "command",
      `the set-up failed at ${status.stage}: ${status.reason ?? "no reason given"}`,
    );
  }
}

/** Reboots a VM that is set up, logs in again and waits for its set-up. @throws MachineError when it does not come back */
export async function rebootVm(
  vm: RentedVm,
  link: VmLink,
  scope: RentalScope,
): Promise<RebootTimes> {
  const { bootId } = await link.run((machine) => machine.setupStatus(scope.signal));
  const times = await nextBootOf(vm, bootId, link, scope);
  await setUp(vm, link, scope);
  return times;
}

/**
 * Reboots a VM through the API and connects to it again. The request only queues the reboot, and until the shutdown SSH
 * reaches the old boot, so the reboot is over when the boot id has changed. A request that is refused for now or not
 * answered is sent again.
 * @param bootId the id of the current boot
 * @throws MachineError if the VM has not rebooted within `TIMEOUTS.rebootMs` after the last request
 */
async function nextBootOf(
  vm: RentedVm,
  bootId: string,
  link: VmLink,
  scope: RentalScope,
): Promise<RebootTimes> {
  const { ports, signal } = scope;
  const { clock, cloud, ownership } = ports;
  link.close();
  let acceptedMs: number | undefined;
  let lastSeenMs: number | undefined;
  let askAtMs = clock.monotonic();
  const requestedMs = askAtMs;
  const giveUpAtMs = requestedMs + TIMEOUTS.apiOutageMs;
  for (;;) {
    if (acceptedMs === undefined && clock.monotonic() >= askAtMs) {
      ownership.assertCurrent();
      const refusal = await unlessTransient(cloud.rebootVm(vm.vmId));
      if (!(refusal instanceof CloudError)) acceptedMs = clock.monotonic();
      else if (clock.monotonic() >= giveUpAtMs) throw refusal;
      else askAtMs = clock.monotonic() + untilNextRequest(refusal);
    }
    const next = await nextBoot(vm, bootId, scope);
    if (typeof next !== "string") {
      link.replace(next);
      // A request whose answer was lost may have been accepted when it was sent.
      const fromMs = acceptedMs ?? requestedMs;
      const seconds = (ms: number): number => (ms - fromMs) / 1000;
      return {
        lastSeenS: lastSeenMs === undefined ? undefined : seconds(lastSeenMs),
        backS: seconds(clock.monotonic()),
      };
    }
    if (next === OLD_BOOT) lastSeenMs = clock.monotonic();
    if (acceptedMs !== undefined && clock.monotonic() - acceptedMs >= TIMEOUTS.rebootMs) {
      throw new MachineError(
        "unreachable",
        `the reboot that the set-up needs has not happened ${String(TIMEOUTS.rebootMs / 60_000)} minutes after it was requested: ${next}`,
      );
    }
    await clock.sleep(TIMEOUTS.pollMs, signal);
  }
}

function untilNextRequest({ kind, retryAfterMs = 0 }: CloudError): number {
  const mayBeUnderWay = kind === "transient" || kind === "unreachable";
  return mayBeUnderWay ? LOST_REBOOT_MS : Math.max(retryAfterMs, BETWEEN_REBOOT_TRIES_MS);
}

/** Tries once to connect to a boot with another id. @returns the connection, or why there is none */
async function nextBoot(
  vm: RentedVm,
  bootId: string,
  scope: RentalScope,
): Promise<Machine | string> {
  const { ports, signal } = scope;
  let machine: Machine | undefined;
  try {
    machine = await ports.machines.connect(targetOf(vm, scope), signal);
    if ((await machine.setupStatus(signal)).bootId !== bootId) return machine;
    await machine.close().catch(() => undefined);
    return OLD_BOOT;
  } catch (error) {
    // The old boot may shut down during the request.
    void machine?.close().catch(() => undefined);
    signal.throwIfAborted();
    if (!(error instanceof MachineError)) throw error;
    return error.message;
  }
}

/** @returns an error, instead of throwing it, if a later attempt at the call may succeed */
async function unlessTransient<T>(call: Promise<T>): Promise<T | CloudError> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CloudError && TEMPORARY_KINDS.has(error.kind)) return error;
    throw error;
  }
}

/** Checks that the VM has the GPUs of its type; results would otherwise be attributed to the wrong type. @throws MachineError */
function checkFacts({ gpus }: MachineFacts, gpuId: string): void {
  const type = findGpuType(gpuId);
  const mismatch = type && cardMismatch(type, gpus);
  if (mismatch !== undefined) throw new MachineError("command", mismatch);
}
