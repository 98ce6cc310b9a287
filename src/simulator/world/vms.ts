import { createHash } from "node:crypto";
import type { MicroUsd } from "../../support/money.ts";
import type { Coefficients, JobDelays } from "./coefficients.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Firewalls } from "./firewalls.ts";
import { faultsOfVm } from "../faults/vm-faults.ts";
import type { LoopbackAddresses } from "./loopback-addresses.ts";
import type { PriceList } from "./price-list.ts";
import { accountLimit, badRequest, busy, noCapacity, notFound } from "../api/api-error.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";
import type { SshMachines, SimulatedVm } from "./simulated-vm.ts";
import { readVmOrder } from "./vm-order.ts";

export type VmStatus =
  | "provisioning"
  | "offline"
  | "booting"
  | "running"
  | "rebooting"
  | "deleting"
  /** The API answers 404. */
  | "gone";

/** One VM from the create's commit on; never removed, for the invoice. */
export interface Vm extends SimulatedVm {
  readonly account: string;
  readonly image: string | null;
  readonly tags: readonly string[];
  readonly generation: "legacy_config" | "linode";
  readonly hostUuid: string;
  /** Billing runs from here... */
  readonly createdMs: number;
  /** ...to here, the DELETE's commit. */
  deletedMs: number | undefined;
  goneMs: number | undefined;
  updatedMs: number;
  bootedMs: number;
  status: VmStatus;
  firewallId: number | undefined;
  /** A VM keeps the price it was created at. */
  readonly hourly: MicroUsd;
}

/** All VMs of the world. Every call throws an `ApiError` where the API would refuse it. */
export interface Vms {
  create(account: string, body: Readonly<Record<string, unknown>>): Vm;
  get(account: string, id: number): Vm;
  /** Those that were there at that moment. */
  list(account: string, atMs: number): readonly Vm[];
  remove(account: string, id: number): void;
  reboot(account: string, id: number): void;
  boot(account: string, id: number): void;
  all(): readonly Vm[];
}

export interface VmsParts {
  readonly now: () => number;
  readonly queue: EventQueue;
  readonly addresses: LoopbackAddresses;
  readonly prices: PriceList;
  readonly firewalls: Firewalls;
  readonly coefficients: Coefficients;
  readonly delays: JobDelays;
  readonly machines: Pick<SshMachines, "powerOn" | "powerOff">;
  hasStock(typeId: string, region: string): boolean;
  machineFaults(): readonly MachineFault[];
  /** The machine side failed. */
  readonly onProblem: (error: unknown) => void;
}

const FIRST_ID = 70_000_001;

export function createVms(parts: VmsParts): Vms {
  const { now, queue, firewalls, machines } = parts;
  const vms: Vm[] = [];
  const powered = new Set<Vm>();
  const power = new Map<Vm, Promise<void>>();
  const jobs = new Map<Vm, number>();
  const faults = new Map<Vm, readonly MachineFault[]>();

  const find = (account: string, id: number): Vm => {
    const vm = vms.find((candidate) => candidate.id === id);
    if (vm?.account !== account || vm.status === "gone") throw notFound();
    return vm;
  };
  const enter = (vm: Vm, status: VmStatus, nowMs: number): void => {
    vm.status = status;
    vm.updatedMs = nowMs;
  };
  /** What was under way for the VM ends with this. */
  const newJob = (vm: Vm): void => {
    jobs.set(vm, (jobs.get(vm) ?? 0) + 1);
  };
  /** Acts only if no other job has begun meanwhile. */
  const later = (vm: Vm, dueMs: number, act: (dueMs: number) => void): void => {
    const job = jobs.get(vm);
    queue.at(dueMs, (atMs) => {
      if (jobs.get(vm) === job) act(atMs);
    });
  };
  /** One after another: an address is not opened before it was closed. */
  const switchPower = (vm: Vm, act: () => Promise<void>): void => {
    power.set(vm, (power.get(vm) ?? Promise.resolve()).then(act).catch(parts.onProblem));
  };
  const powerOff = (vm: Vm, how: "reboot" | "gone"): void => {
    if (powered.delete(vm)) switchPower(vm, () => machines.powerOff(vm, how));
  };

  const start = (
    vm: Vm,
    status: "booting" | "rebooting",
    fromMs: number,
    seconds: number,
  ): void => {
    newJob(vm);
    enter(vm, status, fromMs);
    const own = faults.get(vm) ?? [];
    if (own.some((fault) => fault.action === "boot-hangs")) return;
    later(vm, fromMs + seconds * 1_000, (runningMs) => {
      enter(vm, "running", runningMs);
      // `running` only says that the VM is powered on; its SSH server needs some seconds more.
      later(vm, runningMs + parts.delays.guestSeconds(vm) * 1_000, (upMs) => {
        vm.bootedMs = upMs;
        powered.add(vm);
        switchPower(vm, () => machines.powerOn(vm, own));
      });
    });
  };

  return {
    create(account, body) {
      const order = readVmOrder(body, {
        findType: parts.prices.find,
        hasFirewall: (id) => firewalls.find(id)?.account === account,
        isLabelTaken: (label) =>
          vms.some((vm) => vm.account === account && vm.label === label && vm.status !== "gone"),
      });
      const { type, region } = order;
      if (!parts.hasStock(type.id, region)) throw noCapacity();
      const ipv4 = parts.addresses.take();
      if (ipv4 === undefined) throw accountLimit();
      const id = FIRST_ID + vms.length;
      const createdMs = now();
      const vm: Vm = {
        id,
        account,
        label: order.label ?? `linode${id}`,
        type,
        region,
        image: order.image,
        tags: order.tags,
        generation: order.generation,
        ipv4,
        userData: order.userData,
        authorizedKeys: order.authorizedKeys,
        hostUuid: createHash("sha1")
          .update(`${region}/${id % 40}`)
          .digest("hex"),
        createdMs,
        updatedMs: createdMs,
        deletedMs: undefined,
        goneMs: undefined,
        bootedMs: 0,
        status: "provisioning",
        firewallId: order.firewallId,
        hourly: parts.prices.hourly(type.id, region),
        admitsSsh: (from) => {
          const firewall = vm.firewallId === undefined ? undefined : firewalls.find(vm.firewallId);
          return firewall === undefined || firewall.admits(from, 22);
        },
      };
      const before = vms.map((other) => other.type.id);
      faults.set(vm, faultsOfVm(parts.machineFaults(), type.id, before));
      vms.push(vm);
      newJob(vm);
      const bootSeconds = parts.coefficients.bootSeconds(vm);
      const share = parts.delays.provisioningShare(vm);
      later(vm, createdMs + bootSeconds * share * 1_000, (atMs) => {
        if (order.booted) start(vm, "booting", atMs, bootSeconds * (1 - share));
        else enter(vm, "offline", atMs);
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
      newJob(vm);
      enter(vm, "deleting", deletedMs);
      vm.deletedMs = deletedMs;
      powerOff(vm, "gone");
      queue.at(deletedMs + parts.delays.deleteSeconds(vm) * 1_000, (goneMs) => {
        enter(vm, "gone", goneMs);
        vm.goneMs = goneMs;
        parts.addresses.free(vm.ipv4);
      });
    },
    reboot(account, id) {
      const vm = find(account, id);
      if (vm.status === "offline") throw badRequest("Linode is not running.");
      // Until the guest is up, the boot job still runs.
      if (vm.status !== "running") throw busy();
      newJob(vm);
      enter(vm, "rebooting", now());
      // Queued: SSH still reaches the old boot until its shutdown is over.
      later(vm, now() + parts.delays.shutdownSeconds(vm) * 1_000, (offMs) => {
        powerOff(vm, "reboot");
        start(vm, "rebooting", offMs, parts.delays.rebootSeconds(vm));
      });
    },
    boot(account, id) {
      const vm = find(account, id);
      if (vm.status === "running") throw badRequest("Linode is already running.");
      if (vm.status !== "offline") throw busy();
      if (vm.image === null) throw badRequest("This Linode has no disk to boot from.");
      start(vm, "booting", now(), parts.delays.rebootSeconds(vm));
    },
    all: () => vms,
  };
}
