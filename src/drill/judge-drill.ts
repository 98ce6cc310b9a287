import { readFile } from "node:fs/promises";
import { readJournal } from "../journal/journal-file.ts";
import { runStatus } from "../run-state/status.ts";
import { listRuns, runFolder } from "../journal/state-folder.ts";
import type { WorldState } from "../simulator/client/control-client.ts";
import type { DrillWorld } from "./drill-world.ts";

export interface Judgement {
  /** VMs that the run created. */
  readonly vms: number;
  readonly leaked: number;
  readonly invoiceUsd: number;
  readonly ledgerUsd: number;
  readonly capUsd: number;
  /** What does not hold, in words; empty when all does. */
  readonly broken: readonly string[];
}

const NOTHING: WorldState = { now: "", vms: [], firewalls: [] };
const ROUNDING_USD = 1e-9;

/**
 * Holds the end of a run against what is promised: nothing left, invoice <= ledger <= cap, other people's servers
 * untouched, every pass that the journal has in the database exactly once, every run closed.
 * @param world undefined when it is gone, and everything in it.
 */
export async function judgeDrill(
  places: { readonly home: string; readonly database: string },
  world: DrillWorld | undefined,
): Promise<Judgement> {
  const { home, database } = places;
  const runs = listRuns(home);
  const state = (await world?.control.state()) ?? NOTHING;
  const { lines } = (await world?.control.invoice()) ?? { lines: [] };
  const isOurs = ({ label }: { readonly label: string }): boolean =>
    runs.some((run) => label.startsWith(`mds-${run}-`));
  const now = state.now === "" ? Date.now() : Date.parse(state.now);
  const books = runs.map((run) => runStatus(runFolder(home, run), now));
  const vms = state.vms.filter(isOurs);
  const open = [...vms, ...state.firewalls.filter(isOurs)].filter(
    ({ deleted }) => deleted === null,
  );
  const invoiceUsd = lines.filter(isOurs).reduce((sum, { usd }) => sum + usd, 0);
  const ledgerUsd = books.reduce((sum, { spent_usd }) => sum + spent_usd, 0);
  const capUsd = books.reduce((sum, { cap_usd }) => sum + cap_usd, 0);
  const stored = await storedIds(database);
  const broken = [
    ...open.map(({ label }) => `${label} is left`),
    ...(invoiceUsd > ledgerUsd + ROUNDING_USD
      ? [`invoice ${String(invoiceUsd)} > ledger ${String(ledgerUsd)}`]
      : []),
    ...(ledgerUsd > capUsd + ROUNDING_USD
      ? [`ledger ${String(ledgerUsd)} > cap ${String(capUsd)}`]
      : []),
    ...(world?.touched(state) ?? []).map((label) => `${label} was touched`),
    ...acknowledgedPasses(home, runs)
      .filter((id) => stored.filter((other) => other === id).length !== 1)
      .map((id) => `pass ${id} is not in the database exactly once`),
    ...books
      .filter(({ state: end }) => end === "unresolved" || end === "running" || end === "stopping")
      .map(({ run, state: end }) => `run ${run} is ${end}`),
  ];
  return { vms: vms.length, leaked: open.length, invoiceUsd, ledgerUsd, capUsd, broken };
}

function acknowledgedPasses(home: string, runs: readonly string[]): readonly string[] {
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
