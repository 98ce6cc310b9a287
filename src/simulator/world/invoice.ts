import { type MicroUsd, usd } from "../../support/money.ts";
import type { Vm } from "./vm.ts";

export interface InvoiceLine {
  readonly label: string;
  readonly type: string;
  readonly hours: number;
  readonly price_per_hour: number;
  readonly usd: number;
}

export interface Invoice {
  readonly usd: number;
  /** Number of VMs that are still billed. */
  readonly live: number;
  readonly lines: readonly InvoiceLine[];
}

const HOUR_MS = 3_600_000;

/**
 * Hours that Linode charges: from create to delete, powered off or not, rounded up. Deliberately does not share the
 * ledger's function, since the ledger is checked against this invoice.
 */
export function chargedHours(vm: Pick<Vm, "createdMs" | "deletedMs">, nowMs: number): number {
  const usedMs = (vm.deletedMs ?? nowMs) - vm.createdMs;
  const fullHours = Math.floor(usedMs / HOUR_MS);
  return fullHours * HOUR_MS === usedMs && fullHours > 0 ? fullHours : fullHours + 1;
}

export function charge(vm: Vm, nowMs: number): MicroUsd {
  return chargedHours(vm, nowMs) * vm.hourly;
}

export function makeInvoice(vms: readonly Vm[], nowMs: number): Invoice {
  return {
    usd: usd(vms.reduce((sum, vm) => sum + charge(vm, nowMs), 0)),
    live: vms.filter((vm) => vm.deletedMs === undefined).length,
    lines: vms.map((vm) => ({
      label: vm.label,
      type: vm.type.id,
      hours: chargedHours(vm, nowMs),
      price_per_hour: usd(vm.hourly),
      usd: usd(charge(vm, nowMs)),
    })),
  };
}
