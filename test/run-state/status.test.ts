import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/journal/events.ts";
import type { OwnerRole } from "../../src/lock/generation-files.ts";
import { takeOwnership } from "../../src/lock/owner-lock.ts";
import { runStatus, unfinishedRuns } from "../../src/run-state/status.ts";
import { openStateFolder, runFolder } from "../../src/journal/state-folder.ts";
import {
  firewallLabel,
  HOUR,
  newStateDir,
  openIn,
  opened,
  reserved,
  RUN,
  START,
  vmLabel,
} from "../journal/journal-rig.ts";

const label = vmLabel(1);
const running: readonly Fact[] = [
  opened,
  { type: "guard.acknowledged", pid: 5 },
  { type: "firewall.intended", label: firewallLabel, cidrs: [] },
  { type: "firewall.acknowledged", label: firewallLabel, firewall_id: 1 },
  reserved(label),
  { type: "create.sent", label },
  { type: "create.acknowledged", label, vm_id: 1, ipv4: "" },
];
const stopping: Fact = { type: "run.stopping", reason: "SIGINT" };
const ended: readonly Fact[] = [
  { type: "destroy.intended", label, reason: "done" },
  { type: "rental.gone", label },
  { type: "rental.settled", label, hours: 1, micro_usd: 520_000, usd: 0.52 },
  { type: "firewall.gone", label: firewallLabel },
];
const closed = (state: "finished" | "interrupted" | "crashed"): Fact => ({
  type: "run.closed",
  exit_code: 0,
  state,
});
const held: Fact = {
  type: "rental.held",
  label,
  reason: "up",
  until: new Date(START + HOUR).toISOString(),
};

async function statusOf(facts: readonly Fact[], owner?: OwnerRole, nowMs = START) {
  const stateDir = newStateDir();
  openStateFolder(stateDir);
  const folder = runFolder(stateDir, RUN);
  const journal = await openIn(folder);
  for (const fact of facts) await journal.append(fact);
  await journal.close();
  if (owner !== undefined) await takeOwnership(stateDir, { run: RUN, role: owner, since: "" });
  return {
    status: runStatus(folder, nowMs),
    unfinished: unfinishedRuns(stateDir).map(({ run }) => run),
  };
}

describe("runStatus", () => {
  it.each([
    ["running", running, "sweep", [RUN]],
    ["stopping", [...running, stopping], "sweep", [RUN]],
    ["stopping", running, "guard", [RUN]],
    ["unresolved", running, undefined, [RUN]],
    ["crashed", [opened], undefined, [RUN]],
    ["crashed", [opened, reserved(label)], undefined, [RUN]],
    ["finished", [...running, ...ended, closed("finished")], undefined, []],
    ["interrupted", [...running, stopping, ...ended, closed("interrupted")], undefined, []],
    ["crashed", [...running, ...ended, closed("crashed")], undefined, []],
    ["unresolved", [...running, closed("finished")], undefined, [RUN]],
    ["unresolved", [...running, ...ended.slice(0, 3)], undefined, [RUN]],
    ["running", [...running, held], undefined, [RUN]],
  ] as const)("says %s", async (state, facts, owner, unfinished) => {
    const seen = await statusOf(facts, owner);
    expect(seen.status.state).toBe(state);
    expect(seen.unfinished).toEqual(unfinished);
  });

  it("has the documented fields while a run is active", async () => {
    const { status } = await statusOf(running, "sweep", START + 1);
    expect(status).toEqual({
      run: RUN,
      state: "running",
      pid: process.pid,
      guard_pid: 5,
      cap_usd: 25,
      spent_usd: 0.52,
      reserved_usd: 1.04,
      damaged: false,
      rentals: [
        {
          label,
          gpu: "g2-gpu-rtx4000a1-s",
          region: "us-ord",
          stage: "booting",
          since: "2026-11-24T04:00:00.000Z",
          expires: "2026-11-24T08:00:00.000Z",
        },
      ],
    });
  });

  it("has no owner and no guard after the end", async () => {
    const { status } = await statusOf([...running, ...ended, closed("finished")]);
    expect(status).toMatchObject({
      pid: null,
      guard_pid: null,
      spent_usd: 0.52,
      reserved_usd: 0,
      rentals: [{ stage: "settled" }],
    });
  });

  it("reports a run as unresolved if its journal was emptied", async () => {
    const stateDir = newStateDir();
    openStateFolder(stateDir);
    const folder = runFolder(stateDir, RUN);
    await (await openIn(folder)).close();
    expect(runStatus(folder, START)).toMatchObject({ state: "crashed", damaged: false });
    writeFileSync(join(folder, "guard.log"), "");
    expect(runStatus(folder, START)).toMatchObject({ state: "unresolved", damaged: true });
  });

  it("ignores a hold that has expired", async () => {
    const { status } = await statusOf([...running, held], undefined, START + 2 * HOUR);
    expect(status.state).toBe("unresolved");
  });
});
