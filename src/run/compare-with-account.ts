import { foldRun } from "../run-state/fold-run.ts";
import { foldLedger } from "../run-state/ledger.ts";
import type { MicroUsd } from "../support/money.ts";
import type { SweepPorts } from "../sweep/ports.ts";

type Ports = Pick<SweepPorts, "cloud" | "clock" | "journal">;

const PATIENCE_MS = 10_000;

/** The tolerance grows with the speed of a simulated clock, which advances while a response is under way. */
export function isClockSkewed(offsetMs: number, speed: number): boolean {
  return Math.abs(offsetMs) > 10_000 + 5_000 * speed;
}

/**
 * Compares our clock with the API's, and journals the account's uninvoiced balance if the token may read it.
 * @returns a function for the end of the run, which journals by how much the balance grew and what our ledger spent.
 *   API errors are ignored.
 */
export async function compareWithAccount(ports: Ports): Promise<() => Promise<void>> {
  const { clock, cloud, journal } = ports;
  const before = await uninvoiced(ports);
  const offset = cloud.clockOffsetMs();
  if (offset !== undefined && isClockSkewed(offset, clock.speed))
    await journal.append({ type: "clock.differs", milliseconds: Math.round(offset) });
  if (before === undefined) return () => Promise.resolve();
  const spentBefore = spent(ports);
  await journal.append({ type: "account.read", uninvoiced_micro_usd: before });
  return async () => {
    const after = await uninvoiced(ports);
    if (after === undefined) return;
    await journal.append({
      type: "account.compared",
      grown_micro_usd: after - before,
      spent_micro_usd: spent(ports) - spentBefore,
    });
  };
}

async function uninvoiced({ cloud }: Ports): Promise<MicroUsd | undefined> {
  try {
    const account = await cloud.account(AbortSignal.timeout(PATIENCE_MS));
    return account.balanceUninvoiced;
  } catch {
    return undefined;
  }
}

function spent({ clock, journal }: Ports): MicroUsd {
  return foldLedger(foldRun(journal.events()), clock.now()).spentMicroUsd;
}
