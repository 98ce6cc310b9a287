import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { liveFindings } from "../../src/drill/live-findings.ts";
import type { Fact, SweepEvent } from "../../src/journal/events.ts";

const label = "mds-k3xw90ab-001-abcd-xtp0ab9";
const model = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const gpu = "g2-gpu-rtx4000a1-s";

/** Facts with the second at which each was written. */
const told = (facts: readonly (readonly [second: number, fact: Fact])[]): readonly SweepEvent[] =>
  facts.map(([second, fact], seq) => ({
    v: 1,
    seq,
    gen: 1,
    ts: new Date(second * 1000).toISOString(),
    run: "k3xw90ab",
    crc: "",
    ...fact,
  }));

const WELL: readonly (readonly [number, Fact])[] = [
  [0, { type: "create.intended", label, gpu, region: "us-ord", price_micro_usd: 520_000 }],
  [0, { type: "create.sent", label }],
  [4, { type: "create.acknowledged", label, vm_id: 1, ipv4: "192.0.2.1" }],
  [100, { type: "boot.running", label, seconds: 100 }],
  [130, { type: "ssh.ready", label, seconds: 130 }],
  [
    630,
    {
      type: "machine.ready",
      label,
      seconds: 630,
      driver: "580.95.05",
      gpu_name: "NVIDIA RTX 4000 Ada Generation",
      kernel: "6.8.0",
    },
  ],
  [
    640,
    { type: "server.progressed", label, model, stage: "download", bytes: 6e9, total_bytes: 6e9 },
  ],
  [
    740,
    {
      type: "server.ready",
      label,
      model,
      seconds: 110,
      download_seconds: 40,
      vllm_version: "0.27.1",
    },
  ],
  [900, { type: "destroy.sent", label, vm_id: 1 }],
  [960, { type: "rental.gone", label }],
  [960, { type: "rental.settled", label, hours: 1, micro_usd: 520_000, usd: 0.52 }],
];
const FACTS = { tokenExpiryMs: null, uninvoiced: { beforeUsd: 1, afterUsd: 1.52 } };
const states = (findings: ReturnType<typeof liveFindings>) =>
  Object.fromEntries(findings.map(({ item, state }) => [item, state]));

test("a VM that did all it should shows each item as expected, but for what it did not come to", () => {
  const findings = liveFindings(told(WELL), FACTS);
  expect(states(findings)).toEqual({
    1: "as expected",
    2: "as expected",
    3: "as expected",
    4: "as expected",
    5: "as expected",
    6: "as expected",
    7: "as expected",
    8: "as expected",
    9: "differs",
    10: "as expected",
    11: "not shown",
    12: "as expected",
  });
  expect(findings.find(({ item }) => item === 8)?.detail).toBe("150 MB/s");
});

test("a VM that never ran shows little, and says so", () => {
  const few = liveFindings(told(WELL.slice(0, 3)), {
    tokenExpiryMs: undefined,
    uninvoiced: undefined,
  });
  expect(states(few)).toMatchObject({
    1: "differs",
    3: "as expected",
    4: "not shown",
    9: "not shown",
    12: "not shown",
  });
});

test.each<[number, readonly [number, Fact]]>([
  [2, [0, { type: "create.intended", label, gpu, region: "us-ord", price_micro_usd: 600_000 }]],
  [4, [400, { type: "boot.running", label, seconds: 400 }]],
  [
    7,
    [
      630,
      { type: "machine.ready", label, seconds: 630, driver: "", gpu_name: "Tesla T4", kernel: "" },
    ],
  ],
  [10, [1_600, { type: "rental.gone", label }]],
])("item %i differs when the VM did otherwise", (item, fact) => {
  const changed = WELL.map((one) => (one[1].type === fact[1].type ? fact : one));
  expect(states(liveFindings(told(changed), FACTS))[item]).toBe("differs");
});

test("the checklist in docs has the same twelve, each with a command and a price", () => {
  const text = readFileSync(new URL("../../docs/live-checklist.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| +(\d+) +\|(.*)\|$/gm)].map(([, item, rest = ""]) => ({
    item: Number(item),
    cells: rest.split(" | ").map((one) => one.trim()),
  }));
  expect(rows.map(({ item }) => item)).toEqual(liveFindings([], FACTS).map(({ item }) => item));
  for (const { cells } of rows) {
    expect(cells).toHaveLength(4);
    for (const one of cells) expect(one).not.toBe("");
  }
});
