import { expect, test } from "vitest";
import { heldVmsTable } from "../../../src/cli/output/held-vms-text.ts";
import { foldRun } from "../../../src/run-state/fold-run.ts";
import { newRental } from "../../../src/run-state/fold-rental.ts";
import type { ListedVm } from "../../../src/sessions/list-held.ts";

const NOW = Date.UTC(2026, 10, 24, 12, 0);
const STYLE = { width: 80, colour: false };
const reserved = {
  label: "mds-oetyjd9g-001-pp7c-xtp0xl2",
  rental: 1,
  gpu: "g2-gpu-rtx4000a1-s",
  region: "us-ord",
  models: ["Qwen/Qwen2.5-Coder-7B-Instruct"],
  price_micro_usd: 520_000,
  hours: 3,
  micro_usd: 1_560_000,
  deadline: "",
  expires: "",
  host_key: "",
};
const vm: ListedVm = {
  name: "qwen2.5-coder-7b-instruct",
  run: "oetyjd9g",
  stateDir: "/state",
  simulated: true,
  state: foldRun([]),
  rental: { ...newRental(reserved, NOW), stage: "held", heldUntilMs: NOW + 80 * 60_000 },
  spentUsd: 1.04,
  reservedUsd: 0.52,
  nowMs: NOW,
  apiBase: "http://127.0.0.1:3000/v1",
  tunnelAnswers: true,
};

test("a VM that is up keeps to 80 columns, with its model, time left, cost and API", () => {
  const text = heldVmsTable([vm], STYLE, false);
  expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(text).toMatch(
    /^│ qwen2\.5-coder-7b-instruct │ rtx4000a1-s │ Coder-7B │ 1 h 20 min │ \$1\.04 │$/m,
  );
  expect(text).toContain(
    "qwen2.5-coder-7b-instruct: http://127.0.0.1:3000/v1, SIMULATED: it costs nothing\n",
  );
});

test("the stage is shown of a VM that is not held yet", () => {
  const booting: ListedVm = { ...vm, rental: { ...vm.rental, stage: "booting" } };
  const text = heldVmsTable([vm, booting], STYLE, false);
  expect(text).toContain(" held ");
  expect(text).toContain(" booting ");
  expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test("a tunnel that does not answer is named", () => {
  expect(heldVmsTable([{ ...vm, tunnelAnswers: false }], STYLE, false)).toContain(
    "/v1 (its tunnel is down: maider-sweep tunnel qwen2.5-coder-7b-instruct restarts it)",
  );
});

test("without a VM the text says so", () => {
  expect(heldVmsTable([], STYLE, false)).toBe("no VM is up\n");
  expect(heldVmsTable([], STYLE, true)).toBe("no simulated VM is up\n");
});
