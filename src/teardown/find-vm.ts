import type { CloudVm } from "../cloud/cloud.ts";
import { parseLabel, tagsOf } from "../journal/label.ts";
import type { RentalState, RunState } from "../run-state/run-state.ts";
import { isoUtc } from "../support/clock.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/** The token belongs to another account than the run: what it does not see proves nothing. */
export class WrongAccount extends Error {
  constructor() {
    super("the token belongs to another account than the run");
    this.name = "WrongAccount";
  }
}

/** What identifies a VM of ours before its id is known. */
export type Wanted = Pick<RentalState, "label" | "gpu" | "region">;

/**
 * The VMs that carry a label, seen under the run's own account.
 * @throws CloudError, WrongAccount, or the signal's reason: none of them says that it is gone.
 */
export async function findVmByLabel(
  label: string,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<readonly CloudVm[]> {
  await checkAccount(ports, signal);
  const listed = await ports.cloud.listVms({ label }, signal);
  return listed.filter((vm) => vm.label === label);
}

/**
 * The VM as it is still seen, by its id or under its label; `undefined` when neither shows it.
 * @throws as `findVmByLabel` does.
 */
export async function findIfExists(
  id: number,
  wanted: Wanted,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const byId = await ports.cloud.getVm(id, signal);
  if (byId !== undefined) return byId;
  const listed = await findVmByLabel(wanted.label, ports, signal);
  return listed.find((vm) => matchesRequest(vm, wanted));
}

/**
 * Same label, and what we asked for: the label is unique in the account, so anything else is not our doing. Where the
 * journal has lost what was asked for, the run's tags must tell.
 */
export function matchesRequest(vm: CloudVm, wanted: Wanted): boolean {
  if (vm.label !== wanted.label) return false;
  if (wanted.gpu === "") return hasTagsOfItsRun(vm);
  return vm.type === wanted.gpu && (wanted.region === "" || vm.region === wanted.region);
}

/** Has a VM whose label the journal does not know the tags of the run, and a type that the run may rent? */
export function mayBelongTo({ opened }: RunState, vm: CloudVm): boolean {
  const isRented = opened?.gpus?.includes(vm.type) ?? /^g\d+-gpu-/.test(vm.type);
  return hasTagsOfItsRun(vm) && isRented;
}

function hasTagsOfItsRun({ label, tags }: CloudVm): boolean {
  return tagsOf(parseLabel(label)?.run ?? "").every((tag) => tags.includes(tag));
}

/** Says that a VM with a label of ours is not ours. */
export function raiseMismatchAlarm(
  { id, label, type, region, tags }: CloudVm,
  { onAlarm }: TeardownPorts,
): void {
  const what = `a ${type} in ${region}, tagged ${tags.join(", ") || "with nothing"}`;
  const message = `VM ${String(id)} carries our label but is ${what}; it is left alone`;
  onAlarm?.({ kind: "mismatch", label, message });
}

/** A 404 from another account's token looks just like a VM that is gone. */
export async function checkAccount(ports: TeardownPorts, signal: AbortSignal): Promise<void> {
  const opened = ports.journal.events().find((event) => event.type === "run.opened");
  if (opened === undefined || opened.account === "") return;
  const { fingerprint } = await ports.cloud.account(signal);
  if (fingerprint !== opened.account) throw new WrongAccount();
}

/** Could it have been created? False when the journal has no trace of a create that was sent. */
export function mayExist(
  { label, createSentMs, vmId }: RentalState,
  ports: TeardownPorts,
): boolean {
  if (createSentMs !== undefined || vmId !== undefined) return true;
  return ports.journal
    .events()
    .some((event) => event.type === "create.unknown" && event.label === label);
}

/** The fields of an event about a VM that was created or found. */
export function vmEventFields({ id, label, ipv4 = "", createdMs, type, region }: CloudVm) {
  return { label, vm_id: id, ipv4, created: isoUtc(createdMs), gpu: type, region };
}
