import { expect } from "vitest";
import type { SweepRun } from "./sweep-run.ts";

/** What the control API says of a VM. */
export interface SimulatedVm {
  readonly label: string;
  readonly type: string;
  readonly region: string;
  readonly created: string;
  readonly deleted: string | null;
}

export interface Books {
  /** In the order of their creation. */
  readonly vms: readonly SimulatedVm[];
  readonly invoice: { readonly usd: number; readonly live: number };
}

interface Run {
  readonly state: string;
  readonly guard_pid: number | null;
  readonly cap_usd: number;
  readonly spent_usd: number;
  readonly reserved_usd: number;
}

/**
 * Of one run that rented `rented` VMs: all of them and its firewall are gone, the bill is final, and the ledger is not
 * below it and not above the cap.
 */
export async function nothingIsLeft(
  rig: SweepRun,
  rented: number,
  state: "finished" | "interrupted" = "finished",
): Promise<Books> {
  const { vms, firewalls } = await rig.ask<{
    vms: SimulatedVm[];
    firewalls: { deleted: unknown }[];
  }>("state");
  expect(vms).toHaveLength(rented);
  expect(vms.filter(({ deleted }) => deleted === null)).toEqual([]);
  expect(firewalls).toHaveLength(1);
  expect(firewalls.filter(({ deleted }) => !deleted)).toEqual([]);
  const invoice = await rig.ask<Books["invoice"]>("invoice");
  expect(invoice.live).toBe(0);
  const { stdout } = await rig.run("status", "--json");
  const { runs } = JSON.parse(stdout) as { runs: Run[] };
  expect(runs).toMatchObject([{ state, guard_pid: null, reserved_usd: 0 }]);
  const [run] = runs as [Run];
  expect(invoice.usd).toBeLessThanOrEqual(run.spent_usd + 1e-9);
  expect(run.spent_usd).toBeLessThanOrEqual(run.cap_usd + 1e-9);
  return { vms: vms.toSorted((a, b) => a.created.localeCompare(b.created)), invoice };
}

/** Methods and paths of what reached the API that could change anything. */
export async function writesTo(rig: SweepRun): Promise<readonly string[]> {
  const { requests } = await rig.ask<{ requests: { method: string; path: string }[] }>("requests");
  return requests
    .filter(({ method }) => method !== "GET")
    .map(({ method, path }) => `${method} ${path}`);
}
