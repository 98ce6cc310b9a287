import { describe, expect, it } from "vitest";
import { drillCaseText, drillTotalsText } from "../../../src/cli/output/drill-text.ts";
import type { DrillResult } from "../../../src/drill/drill-case.ts";

const RESULT: DrillResult = {
  drill: { point: "create.sent", when: "after", guard: "killed", fault: "no fault" },
  reached: true,
  endedBy: "recover",
  seconds: 1.26,
  vms: 1,
  leaked: 0,
  invoiceUsd: 1.04,
  ledgerUsd: 1.04,
  capUsd: 5.2,
  broken: [],
};

describe("the text of a case", () => {
  it("names the kill, the process that took over and the money", () => {
    expect(drillCaseText(RESULT, 3)).toBe(
      " 3. the API works; killed together with its guard after create.sent\n" +
        "    maider-sweep recover took over: 1 VM created, nothing left after 1.3 s; invoice $1.04, ledger $1.04\n",
    );
  });

  it("does not claim that recover took over a run that had nothing left to do", () => {
    expect(drillCaseText({ ...RESULT, endedBy: "nobody", vms: 0 }, 1)).toContain(
      "nothing was left to do: 0 VMs created",
    );
  });
});

describe("the last line", () => {
  it("compares the invoices with the caps", () => {
    expect(drillTotalsText([RESULT, RESULT])).toBe("0 leaked, invoice $2.08 <= cap $10.40\n");
  });

  it("shows a total that exceeds the caps", () => {
    expect(drillTotalsText([{ ...RESULT, invoiceUsd: 6, leaked: 1 }])).toBe(
      "1 leaked, invoice $6.00 > cap $5.20; the cap was exceeded in 1 of 1 cases\n",
    );
  });

  it("shows a single case that exceeds its cap", () => {
    expect(drillTotalsText([RESULT, { ...RESULT, invoiceUsd: 6 }])).toBe(
      "0 leaked, invoice $7.04 <= cap $10.40; the cap was exceeded in 1 of 2 cases\n",
    );
  });
});
