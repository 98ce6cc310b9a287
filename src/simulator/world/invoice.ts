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
  /** VMs that are still billed. */
  readonly live: number;
  readonly lines: readonly InvoiceLine[];
}

const HOUR_MS = 3_600_000;

/**
 * Hours that Linode charges: usage is rounded up to the nearest hour, powered off or not, from the create to the
 * delete. Not the ledger's function: a bill that a ledger is checked against must be counted independently.
 */
export function hoursCharged(vm: Pick<Vm, "createdMs" | "deletedMs">, nowMs: number): number {
  const used = (vm.deletedMs ?? nowMs) - vm.createdMs;
  const whole = Math.floor(used / HOUR_MS);
  return whole * HOUR_MS === used && whole > 0 ? whole : whole + 1;
}

export function charged(vm: Vm, nowMs: number): MicroUsd {
  return hoursCharged(vm, nowMs) * vm.hourly;
}

export function makeInvoice(vms: readonly Vm[], nowMs: number): Invoice {
  return {
    usd: usd(vms.reduce((sum, vm) => sum + charged(vm, nowMs), 0)),
    live: vms.filter((vm) => vm.deletedMs === undefined).length,
    lines: vms.map((vm) => ({
      label: vm.label,
      type: vm.type.id,
      hours: hoursCharged(vm, nowMs),
      price_per_hour: usd(vm.hourly),
      usd: usd(charged(vm, nowMs)),
    })),
  };
}
