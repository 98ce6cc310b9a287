import type { CloudVm } from "../cloud/cloud.ts";
import { parseLabel, tagsOf } from "../journal/label.ts";
import type { RentalState, RunState } from "../run-state/run-state.ts";
import { isoUtc } from "../support/clock.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/** The token belongs to a different account than the run, so a VM that it cannot see may still exist. */
export class WrongAccount extends Error {
  constructor() {
    super("the token belongs to a different account than the run");
    this.name = "WrongAccount";
  }
}

/** Identifies a VM of ours before its id is known. */
export type VmRequest = Pick<RentalState, "label" | "gpu" | "region">;

/**
 * The VMs with a label, in the run's own account.
 * @throws CloudError, WrongAccount, or the signal's reason; none of them means that the VM is deleted
 */
export async function findVmsByLabel(
  label: string,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<readonly CloudVm[]> {
  await checkAccount(ports, signal);
  const listed = await ports.cloud.listVms({ label }, signal);
  return listed.filter((vm) => vm.label === label);
}

/**
 * The VM with this id, else the one with its label; undefined if there is neither.
 * @throws the same errors as `findVmsByLabel`
 */
export async function findVmByIdOrLabel(
  id: number,
  wanted: VmRequest,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const byId = await ports.cloud.getVm(id, signal);
  if (byId !== undefined) return byId;
  const listed = await findVmsByLabel(wanted.label, ports, signal);
  return listed.find((vm) => matchesRequest(vm, wanted));
}

/**
 * Whether a VM has the label, type and region of a request. Labels are unique in an account, so a VM with our label and
 * another type or region is not ours. If the journal has lost the type, the run's tags decide.
 */
export function matchesRequest(vm: CloudVm, wanted: VmRequest): boolean {
  if (vm.label !== wanted.label) return false;
  if (wanted.gpu === "") return hasTagsOfItsRun(vm);
  return vm.type === wanted.gpu && (wanted.region === "" || vm.region === wanted.region);
}

/** Whether a VM with a label that is not in the journal has the run's tags, and a type that the run may rent. */
export function mayBelongTo({ opened }: RunState, vm: CloudVm): boolean {
  const isRented = opened?.gpus?.includes(vm.type) ?? /^g\d+-gpu-/.test(vm.type);
  return hasTagsOfItsRun(vm) && isRented;
}

function hasTagsOfItsRun({ label, tags }: CloudVm): boolean {
  return tagsOf(parseLabel(label)?.run ?? "").every((tag) => tags.includes(tag));
}

/** Raises an alarm about a VM that has one of our labels but is not ours. */
export function raiseMismatchAlarm(
  { id, label, type, region, tags }: CloudVm,
  { onAlarm }: TeardownPorts,
): void {
  const description = `a ${type} in ${region}, tagged ${tags.join(", ") || "with nothing"}`;
  const message = `VM ${String(id)} carries our label but is ${description}; it is left alone`;
  onAlarm?.({ kind: "mismatch", label, message });
}

/** With a token of another account, an existing VM looks like a deleted one. @throws CloudError, WrongAccount */
export async function checkAccount(ports: TeardownPorts, signal: AbortSignal): Promise<void> {
  const opened = ports.journal.events().find((event) => event.type === "run.opened");
  if (opened === undefined || opened.account === "") return;
  const { fingerprint } = await ports.cloud.account(signal);
  if (fingerprint !== opened.account) throw new WrongAccount();
}

/** Whether the VM of a rental may have been created. False if the journal shows that no create was sent. */
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
