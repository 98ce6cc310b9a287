import type { Coefficients } from "./coefficients.ts";
import type { Firewalls } from "./firewalls.ts";
import { faultsOfVm } from "../faults/vm-faults.ts";
import type { LoopbackAddresses } from "./loopback-addresses.ts";
import type { PriceList } from "./price-list.ts";
import { accountLimit, badRequest, busy, noCapacity, notFound } from "../api/api-error.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";
import { newVm, setStatus, type Vm } from "./vm.ts";
import { createVmJobs, type VmJobsParts } from "./vm-jobs.ts";
import { readVmOrder } from "./vm-order.ts";

/** All VMs of the world. Every method throws an `ApiError` if the API would refuse the request. */
export interface Vms {
  create(account: string, body: Readonly<Record<string, unknown>>): Vm;
  get(account: string, id: number): Vm;
  /** The VMs that existed at this time. */
  list(account: string, atMs: number): readonly Vm[];
  remove(account: string, id: number): void;
  reboot(account: string, id: number): void;
  boot(account: string, id: number): void;
  all(): readonly Vm[];
}

export interface VmsParts extends VmJobsParts {
  readonly now: () => number;
  readonly addresses: LoopbackAddresses;
  readonly prices: PriceList;
  readonly firewalls: Firewalls;
  readonly coefficients: Coefficients;
  hasStock(typeId: string, region: string): boolean;
  machineFaults(): readonly MachineFault[];
}

const FIRST_ID = 70_000_001;

export function createVms(parts: VmsParts): Vms {
  const { now, queue, delays, addresses } = parts;
  const vms: Vm[] = [];
  const jobs = createVmJobs(parts);
  const find = (account: string, id: number): Vm => {
    const vm = vms.find((candidate) => candidate.id === id);
    if (vm?.account !== account || vm.status === "gone") throw notFound();
    return vm;
  };
  return {
    create(account, body) {
      const order = readVmOrder(body, {
        findType: parts.prices.find,
        hasFirewall: (id) => parts.firewalls.find(id)?.account === account,
        isLabelTaken: (label) =>
          vms.some((vm) => vm.account === account && vm.label === label && vm.status !== "gone"),
      });
      if (!parts.hasStock(order.type.id, order.region)) throw noCapacity();
      const ipv4 = addresses.take();
      if (ipv4 === undefined) throw accountLimit();
      const vm = newVm(
        { account, order, ipv4, id: FIRST_ID + vms.length, createdMs: now() },
        parts.prices,
        parts.firewalls,
      );
      const before = vms.map((other) => other.type.id);
      jobs.add(vm, faultsOfVm(parts.machineFaults(), vm.type.id, before));
      vms.push(vm);
      jobs.begin(vm, "provisioning", vm.createdMs);
      const bootSeconds = parts.coefficients.bootSeconds(vm);
      const share = delays.provisioningShare(vm);
      jobs.next(vm, vm.createdMs + bootSeconds * share * 1_000, (atMs) => {
        if (order.booted) jobs.boot(vm, "booting", atMs, bootSeconds * (1 - share));
        else setStatus(vm, "offline", atMs);
      });
      return vm;
    },
    get: find,
    list: (account, atMs) =>
      vms.filter(
        (vm) => vm.account === account && vm.createdMs <= atMs && (vm.goneMs ?? Infinity) > atMs,
      ),
    remove(account, id) {
      const vm = find(account, id);
      if (vm.status === "deleting") throw busy();
      const deletedMs = now();
      jobs.begin(vm, "deleting", deletedMs);
      vm.deletedMs = deletedMs;
      jobs.powerOff(vm, "gone");
      const deleteSeconds = delays.deleteSeconds(vm) + jobs.extraSeconds(vm, "slow-deletion");
      queue.at(deletedMs + deleteSeconds * 1_000, (goneMs) => {
        setStatus(vm, "gone", goneMs);
        vm.goneMs = goneMs;
        addresses.free(vm.ipv4);
      });
    },
    reboot(account, id) {
      const vm = find(account, id);
      if (vm.status === "offline") throw badRequest("Linode is not running.");
      // The boot job still runs until the guest is up.
      if (vm.status !== "running") throw busy();
      jobs.begin(vm, "rebooting", now());
      // As on Linode, SSH still reaches the old boot until its shutdown is over.
      const shutdownSeconds = delays.shutdownSeconds(vm) + jobs.extraSeconds(vm, "slow-shutdown");
      jobs.next(vm, now() + shutdownSeconds * 1_000, (offMs) => {
        jobs.powerOff(vm, "reboot");
        jobs.boot(vm, "rebooting", offMs, delays.rebootSeconds(vm));
      });
    },
    boot(account, id) {
      const vm = find(account, id);
      if (vm.status === "running") throw badRequest("Linode is already running.");
      if (vm.status !== "offline") throw busy();
      if (vm.image === null) throw badRequest("This Linode has no disk to boot from.");
      jobs.boot(vm, "booting", now(), delays.rebootSeconds(vm));
    },
    all: () => vms,
  };
}
