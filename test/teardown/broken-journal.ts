import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { openJournal, readJournal } from "../../src/journal/journal-file.ts";
import { foldLedger } from "../../src/run-state/ledger.ts";
import { makeVmLabel } from "../../src/journal/label.ts";
import { runFolder } from "../../src/journal/state-folder.ts";
import { recoverRun } from "../../src/teardown/recover-run.ts";
import {
  firewallLabel,
  HOUR,
  newStateDir,
  opened,
  ownerOf,
  reserved,
  RUN,
  START,
  vmLabel,
} from "../journal/journal-rig.ts";
import { newRig } from "./teardown-rig.ts";

const FOREIGN = [
  "web-server",
  makeVmLabel({ run: "other000", seq: 1, nonce: "aaaa", expiresMs: START + HOUR }),
];

/** The journal of a run with a firewall and two VMs, at the moment at which its owner died. */
export async function wholeJournal(): Promise<Buffer> {
  const folder = runFolder(newStateDir(), RUN);
  const { clock } = newRig();
  const journal = await openJournal({ folder, run: RUN, ownership: ownerOf(1), clock });
  await journal.append(opened);
  await journal.append({ type: "firewall.intended", label: firewallLabel, cidrs: [] });
  for (const [index, label] of [vmLabel(1), vmLabel(2)].entries()) {
    await journal.append(reserved(label));
    await journal.append({
      type: "create.intended",
      label,
      gpu: "g2-gpu-rtx4000a1-s",
      region: "us-ord",
      price_micro_usd: 520_000,
    });
    await journal.append({ type: "create.sent", label });
    const vm = { vm_id: 101 + index, ipv4: "", created: new Date(START).toISOString() };
    await journal.append({ type: "create.acknowledged", label, ...vm });
  }
  await journal.close();
  return readFileSync(join(folder, "journal.jsonl"));
}

export function withFlippedBit(bytes: Buffer, at: number, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
  return flipped;
}

/** What a recovery leaves that has done its work. */
export const ALL_GONE = {
  outcome: "closed",
  living: FOREIGN.toSorted(),
  firewalls: 0,
  creates: 0,
  billed: 2 * 2 * 520_000,
};

/** Recovers a run from such a journal, in a cloud where its VMs and its firewall live, and other people's. */
export async function recoverBroken(bytes: Buffer): Promise<typeof ALL_GONE> {
  const stateDir = newStateDir();
  const folder = runFolder(stateDir, RUN);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "journal.jsonl"), bytes);
  const { cloud, clock, ports } = newRig();
  for (const label of [vmLabel(1), vmLabel(2), ...FOREIGN]) cloud.plant(label);
  cloud.plantFirewall(firewallLabel);
  clock.jump(1.5 * HOUR);
  const journal = await openJournal({ folder, run: RUN, ownership: ownerOf(2), clock });
  const { outcome } = await recoverRun({
    ...ports,
    journal,
    folder,
    by: "recover",
    pid: 1,
    excludeHeld: true,
  });
  await journal.close();
  const { spentMicroUsd } = foldLedger(foldRun(readJournal(folder).events), clock.now());
  rmSync(stateDir, { recursive: true });
  return {
    outcome,
    living: cloud
      .living()
      .map(({ label }) => label)
      .toSorted(),
    firewalls: cloud.firewalls.filter(({ deletedMs }) => deletedMs === undefined).length,
    creates: cloud.calls.filter(({ call }) => call.startsWith("create")).length,
    billed: spentMicroUsd,
  };
}
