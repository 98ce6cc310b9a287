import { createHash } from "node:crypto";
import type { MicroUsd } from "../../support/money.ts";
import type { Firewalls } from "./firewalls.ts";
import type { PriceList } from "./price-list.ts";
import type { SimulatedVm } from "./simulated-vm.ts";
import type { VmOrder } from "./vm-order.ts";

export type VmStatus =
  | "provisioning"
  | "offline"
  | "booting"
  | "running"
  | "rebooting"
  | "deleting"
  /** The API answers 404. */
  | "gone";

/** A VM that was created. It is never removed from memory, since the invoice lists deleted VMs too. */
export interface Vm extends SimulatedVm {
  readonly account: string;
  readonly image: string | null;
  readonly tags: readonly string[];
  readonly generation: "legacy_config" | "linode";
  readonly hostUuid: string;
  /** When the create was executed: billing starts. */
  readonly createdMs: number;
  /** When the DELETE was executed: billing ends. */
  deletedMs: number | undefined;
  goneMs: number | undefined;
  updatedMs: number;
  bootedMs: number;
  status: VmStatus;
  firewallId: number | undefined;
  /** The price at the time of its creation, which later changes do not affect. */
  readonly hourly: MicroUsd;
}

/** Number of Linode's hosts; few, so that some VMs share one. */
const HOSTS = 40;

interface NewVm {
  readonly account: string;
  readonly order: VmOrder;
  readonly ipv4: string;
  readonly id: number;
  readonly createdMs: number;
}

export function newVm(
  { account, order, ipv4, id, createdMs }: NewVm,
  prices: PriceList,
  firewalls: Firewalls,
): Vm {
  const { region, type } = order;
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
      .update(`${region}/${id % HOSTS}`)
      .digest("hex"),
    createdMs,
    updatedMs: createdMs,
    deletedMs: undefined,
    goneMs: undefined,
    bootedMs: 0,
    status: "provisioning",
    firewallId: order.firewallId,
    hourly: prices.hourly(type.id, region),
    admitsSsh: (from) => {
      const firewall = vm.firewallId === undefined ? undefined : firewalls.find(vm.firewallId);
      return firewall === undefined || firewall.admits(from, 22);
    },
  };
  return vm;
}

export function setStatus(vm: Vm, status: VmStatus, nowMs: number): void {
  vm.status = status;
  vm.updatedMs = nowMs;
}
