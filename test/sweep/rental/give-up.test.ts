import { expect, it } from "vitest";
import type { PlannedRental } from "../../../src/estimate/estimate.ts";
import type { Fact, SweepEvent } from "../../../src/journal/events.ts";
import { giveUp } from "../../../src/sweep/rental/give-up.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";

const LABEL = "mds-k3f9qa7b-001-x7q2-xszzzzz";
const WHY = "it could not be created: the account is not allowed to";

async function stageOf(before: readonly Fact[]): Promise<unknown> {
  const events = before.map((fact, seq) => ({
    v: 1,
    seq,
    gen: 1,
    ts: "2026-11-24T10:00:00.000Z",
    run: "k3f9qa7b",
    ...fact,
  })) as unknown as SweepEvent[];
  const appended: Fact[] = [];
  const ports = {
    journal: { events: () => events, append: async (fact: Fact) => void appended.push(fact) },
  } as unknown as SweepPorts;
  await giveUp(LABEL, { gpuId: "g" } as PlannedRental, [], WHY, ports);
  expect(appended).toHaveLength(1);
  return appended[0];
}

const reserved = { type: "rental.reserved", label: LABEL, deadline: "", expires: "" };
const sent = { type: "create.sent", label: LABEL };
const settled = { type: "rental.settled", label: LABEL, hours: 0, micro_usd: 0, usd: 0 };

it.each([
  ["creating", [reserved, sent, settled]],
  ["reserved", [reserved]],
  ["connecting", [reserved, sent, { type: "boot.running", label: LABEL, seconds: 1 }]],
])("what was given up in %s is told so, even when its money is settled", async (stage, facts) => {
  expect(await stageOf(facts as unknown as Fact[])).toEqual({
    type: "rental.failed",
    label: LABEL,
    stage,
    reason: WHY,
  });
});
