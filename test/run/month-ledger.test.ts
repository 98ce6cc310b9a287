import { setTimeout as later } from "node:timers/promises";
import { expect, test } from "vitest";
import { openJournal } from "../../src/journal/journal-file.ts";
import { openStateFolder, runFolder } from "../../src/journal/state-folder.ts";
import { createMonthLedger } from "../../src/run/month-ledger.ts";
import { isoUtc } from "../../src/support/clock.ts";
import {
  HOUR,
  newStateDir,
  opened,
  ownerOf,
  reserved,
  manualClock,
  START,
  vmLabel,
} from "../journal/journal-rig.ts";

const RESERVED = 1_560_000;

function stateFolder() {
  const stateDir = newStateDir();
  openStateFolder(stateDir);
  const journalOf = (run: string) =>
    openJournal({
      folder: runFolder(stateDir, run),
      run,
      ownership: ownerOf(1),
      clock: manualClock(),
    });
  const ledgerOf = (run: string) => createMonthLedger(stateDir, run, manualClock());
  return { journalOf, ledgerOf };
}

test("what another run has reserved counts from the moment at which it is in its journal", async () => {
  const { journalOf, ledgerOf } = stateFolder();
  const ledger = ledgerOf("sweep001");
  expect(ledger.usedByOtherRuns()).toBe(0);
  const journal = await journalOf("updog001");
  await journal.append(opened);
  await journal.append(reserved(vmLabel(1)));
  expect(ledger.usedByOtherRuns()).toBe(RESERVED);
  await journal.append(reserved(vmLabel(2)));
  await journal.append({
    type: "rental.held",
    label: vmLabel(1),
    reason: "up",
    until: isoUtc(START + HOUR),
  });
  expect(ledger.usedByOtherRuns()).toBe(2 * RESERVED);
  expect(ledgerOf("updog001").usedByOtherRuns()).toBe(0);
});

test("the lowest monthly_cap of other runs counts until they are closed", async () => {
  const { journalOf, ledgerOf } = stateFolder();
  const ledger = ledgerOf("updog001");
  expect(ledger.lowestCapOfOtherRuns()).toBe(Infinity);
  const journals = [await journalOf("sweep001"), await journalOf("sweep002")] as const;
  await journals[0].append({ ...opened, monthly_cap_micro_usd: 9_000_000 });
  await journals[1].append({ ...opened, monthly_cap_micro_usd: 5_000_000 });
  expect(ledger.lowestCapOfOtherRuns()).toBe(5_000_000);
  await journals[1].append({ type: "run.closed", exit_code: 0, state: "finished" });
  expect(ledger.lowestCapOfOtherRuns()).toBe(9_000_000);
});

test("of several runs that reserve at the same moment, only those that fit are admitted", async () => {
  const { journalOf, ledgerOf } = stateFolder();
  const runs = ["aaaaaaa1", "aaaaaaa2", "aaaaaaa3", "aaaaaaa4", "aaaaaaa5"];
  const cap = 2.5 * RESERVED;
  const admitted = await Promise.all(
    runs.map(async (run) => {
      const [ledger, journal] = [ledgerOf(run), await journalOf(run)];
      await journal.append(opened);
      return ledger.whileReserving(async () => {
        if (ledger.usedByOtherRuns() + RESERVED > cap) return false;
        await later(20);
        await journal.append(reserved(vmLabel(1)));
        return true;
      });
    }),
  );
  expect(admitted.filter(Boolean)).toHaveLength(2);
});

test("what fails while the others wait is told as it is, and lets the next one in", async () => {
  const { ledgerOf } = stateFolder();
  const failure = new Error("no stock");
  const failing = ledgerOf("aaaaaaa1").whileReserving(() => Promise.reject(failure));
  await expect(failing).rejects.toBe(failure);
  expect(await ledgerOf("aaaaaaa2").whileReserving(() => Promise.resolve("in"))).toBe("in");
});
