import { describe, expect, test } from "vitest";
import { runDrillCase, type DrillCase } from "../../src/cli/drill/drill-case.ts";

// Each row is one death of the real program against a simulated cloud of its own.
const DEATHS: readonly DrillCase[] = [
  { point: "run.opened", when: "after", guard: "alive", fault: "no fault" },
  { point: "firewall.intended", when: "after", guard: "killed", fault: "no fault" },
  { point: "firewall.acknowledged", when: "before", guard: "alive", fault: "no fault" },
  { point: "rental.reserved", when: "after", guard: "killed", fault: "no fault" },
  { point: "create.sent", when: "after", guard: "alive", fault: "create answered 408" },
  {
    point: "create.unknown",
    when: "before",
    guard: "killed",
    fault: "create's reply lost after it worked",
  },
  { point: "create.acknowledged", when: "before", guard: "alive", fault: "no fault" },
  { point: "ssh.ready", when: "after", guard: "killed", fault: "429 with odd headers" },
  {
    point: "server.ready",
    when: "before",
    guard: "alive",
    fault: "an HTML 502 for every second look",
  },
  { point: "pass.finished", when: "after", guard: "killed", fault: "delete answered busy" },
  {
    point: "destroy.sent",
    when: "after",
    guard: "alive",
    fault: "delete's reply lost after it worked",
  },
  { point: "rental.settled", when: "before", guard: "killed", fault: "a list that is behind" },
];

describe("however the program dies, nothing is left and nothing measured is lost", () => {
  test.each(DEATHS)("$when $point, guard $guard, $fault", async (death) => {
    const result = await runDrillCase(death, new AbortController().signal);
    expect(result.broken).toEqual([]);
    expect(result.reached).toBe(true);
  });
});
