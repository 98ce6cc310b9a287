import { readFile } from "node:fs/promises";
import { readJournal } from "../journal/journal-file.ts";
import { runStatus } from "../run-state/status.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import type { WorldState } from "../simulator/client/control-client.ts";
import type { DrillWorld } from "./drill-world.ts";

export interface Judgement {
  /** Number of VMs that the run created. */
  readonly vms: number;
  /** Number of its VMs and firewalls that still exist. */
  readonly leaked: number;
  readonly invoiceUsd: number;
  readonly ledgerUsd: number;
  readonly capUsd: number;
  /** The promises that were broken, one sentence each. */
  readonly broken: readonly string[];
}

const EMPTY_WORLD: WorldState = { now: "", vms: [], firewalls: [] };
const ROUNDING_USD = 1e-9;

/**
 * Checks the promises after a run: no VM or firewall left, invoice <= ledger <= cap, other people's servers and
 * firewalls still there, every finished pass in the database exactly once, every run closed.
 * @param world undefined if the simulated cloud has ended, and everything in it
 */
export async function judgeDrill(
  places: { readonly home: string; readonly database: string },
  world: DrillWorld | undefined,
): Promise<Judgement> {
  const { home, database } = places;
  const runs = listRuns(home);
  const state = (await world?.control.state()) ?? EMPTY_WORLD;
  const { lines } = (await world?.control.invoice()) ?? { lines: [] };
  const isOurs = ({ label }: { readonly label: string }): boolean =>
    runs.some((run) => label.startsWith(`mds-${run}-`));
  const now = state.now === "" ? Date.now() : Date.parse(state.now);
  const statuses = runs.map((run) => runStatus(runFolder(home, run), now));
  const vms = state.vms.filter(isOurs);
  const open = [...vms, ...state.firewalls.filter(isOurs)].filter(
    ({ deleted }) => deleted === null,
  );
  const invoiceUsd = lines.filter(isOurs).reduce((sum, { usd }) => sum + usd, 0);
  const ledgerUsd = statuses.reduce((sum, { spent_usd }) => sum + spent_usd, 0);
  const capUsd = statuses.reduce((sum, { cap_usd }) => sum + cap_usd, 0);
  const stored = await storedIds(database);
  const broken = [
    ...open.map(({ label }) => `${label} still exists`),
    ...(invoiceUsd > ledgerUsd + ROUNDING_USD
      ? [`invoice ${String(invoiceUsd)} > ledger ${String(ledgerUsd)}`]
      : []),
    ...(ledgerUsd > capUsd + ROUNDING_USD
      ? [`ledger ${String(ledgerUsd)} > cap ${String(capUsd)}`]
      : []),
    ...(world?.missingForeign(state) ?? []).map(
      (label) => `${label}, which is not ours, was deleted`,
    ),
    ...finishedPasses(home, runs)
      .map((id) => ({ id, copies: stored.filter((other) => other === id).length }))
      .filter(({ copies }) => copies !== 1)
      .map(({ id, copies }) => `the database has pass ${id} ${String(copies)} times`),
    ...statuses
      .filter((status) => ["unresolved", "running", "stopping"].includes(status.state))
      .map((status) => `run ${status.run} is ${status.state}`),
  ];
  return { vms: vms.length, leaked: open.length, invoiceUsd, ledgerUsd, capUsd, broken };
}

function finishedPasses(home: string, runs: readonly string[]): readonly string[] {
  return runs.flatMap((run) =>
    readJournal(runFolder(home, run)).events.flatMap((event) =>
      event.type === "pass.finished" ? [event.record.id] : [],
    ),
  );
}

async function storedIds(database: string): Promise<readonly string[]> {
  try {
    const { benchmarks } = JSON.parse(await readFile(database, "utf8")) as {
      readonly benchmarks: readonly { readonly id: string }[];
    };
    return benchmarks.map(({ id }) => id);
  } catch {
    return [];
  }
}
