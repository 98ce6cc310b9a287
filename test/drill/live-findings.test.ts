import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type {
  HarmonyReplies,
  LiveEvidence,
  Replies,
  ServerStart,
} from "../../src/drill/live-evidence.ts";
import { liveFindings } from "../../src/drill/live-findings.ts";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import type { Fact, SweepEvent } from "../../src/journal/events.ts";
import type { GpuSample, Inspection } from "../../src/machine/machine.ts";
import type { Configuration } from "../../src/plan/coverage-plan.ts";
import type { ServerReady } from "../../src/vllm/server-start.ts";
import { planWith } from "../plan/a-plan.ts";

const label = "mds-k3xw90ab-001-abcd-xtp0ab9";
const gpu = "g2-gpu-rtx4000a1-s";
const [awq, gptOss] = ["Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", "openai/gpt-oss-20b"];

type Timed = readonly [second: number, fact: Fact];

const eventsOf = (facts: readonly Timed[]): readonly SweepEvent[] =>
  facts.map(([second, fact], seq) => ({
    v: 1,
    seq,
    gen: 1,
    ts: new Date(second * 1000).toISOString(),
    run: "k3xw90ab",
    crc: "",
    ...fact,
  }));

const configurations: readonly Configuration[] =
  planWith(`[{gpu: ${gpu}, models: [${awq}, ${gptOss}]}]`).entries[0]?.configurations ?? [];

const start = (model: string, startS: number, readyS: number): readonly Timed[] => [
  [
    startS,
    { type: "server.starting", label, model, image: "vllm/vllm-openai", max_model_len: 18_432 },
  ],
  [
    startS + 20,
    { type: "server.progressed", label, model, stage: "download", bytes: 1e9, total_bytes: 9e9 },
  ],
  [
    startS + 70,
    { type: "server.progressed", label, model, stage: "load", bytes: 9e9, total_bytes: 9e9 },
  ],
  [
    startS + readyS,
    {
      type: "server.ready",
      label,
      model,
      seconds: readyS,
      download_seconds: 70,
      vllm_version: "0.27.1",
    },
  ],
];

const record = JSON.parse('{"summary":{"avg_tokens_per_sec":27.9}}') as BenchmarkRecord;
const reserved: Fact = {
  type: "rental.reserved",
  label,
  rental: 1,
  gpu,
  region: "us-ord",
  models: [awq, gptOss],
  price_micro_usd: 520_000,
  hours: 2,
  micro_usd: 1_040_000,
  deadline: "2026-11-24T01:00:00Z",
  expires: "2026-11-24T02:00:00Z",
  host_key: "AAAA",
};
const USUAL: readonly Timed[] = [
  [0, reserved],
  [1, { type: "create.sent", label }],
  [100, { type: "boot.running", label, seconds: 100 }],
  [130, { type: "ssh.ready", label, seconds: 130 }],
  [
    580,
    {
      type: "machine.ready",
      label,
      seconds: 580,
      driver: "580.95.05",
      gpu_name: "NVIDIA RTX 4000 Ada Generation",
      kernel: "6.8.0-87-generic",
    },
  ],
  ...start(awq, 700, 250),
  [1_000, { type: "pass.finished", label, model: awq, pass: 1, record }],
  ...start(gptOss, 1_100, 260),
  [1_500, { type: "destroy.sent", label, vm_id: 1 }],
  [1_530, { type: "destroy.unseen", label }],
  [1_560, { type: "rental.gone", label }],
  [1_570, { type: "account.compared", grown_micro_usd: 520_000, spent_micro_usd: 520_000 }],
];

const inspection: Inspection = {
  uid: 0,
  kernel: "6.8.0-87-generic",
  bootId: "boot-1",
  cloudInit: "done",
  cloudInitErrors: [],
  modulePackage: "linux-modules-nvidia-580-server-open-6.8.0-87-generic",
  moduleInstalled: true,
  moduleInstallable: true,
  moduleReason: "",
  nouveauLoaded: false,
  nvidiaLoaded: true,
  rebootRequested: false,
  pullSeconds: 100,
  unpackSeconds: 80,
  completeBytes: 0,
  incompleteFiles: 0,
};
const sample: GpuSample = { clockMhz: 2_800, powerW: 110, temperatureC: 60, throttle: [] };
const complete: Replies = { asked: 4, complete: 4, failure: undefined, tokensPerSecond: 80 };
const broken: Replies = { ...complete, complete: 1, failure: "Unexpected token 200002" };
const replies: HarmonyReplies = { withStopToken: complete, withoutStopToken: broken };
const ready: ServerReady = {
  ready: true,
  vllmVersion: "0.27.1",
  maxModelLen: 18_432,
  imageDigest: undefined,
  revision: undefined,
  engine: { dtype: undefined, quantization: undefined, attentionBackend: undefined, settings: {} },
  downloadSeconds: 70,
  seconds: 260,
};
const failed: ServerStart = { ready: false, cause: "out of GPU memory" };
const EVIDENCE: LiveEvidence = {
  label,
  configurations,
  failures: {},
  afterSetup: inspection,
  reboot: { lastSeenS: 20, backS: 95 },
  afterReboot: { ...inspection, bootId: "boot-2" },
  killedDownload: { bytes: 2e9, incompleteFiles: 2, incompleteFilesAfterRestart: 0 },
  memory: { cacheGib: 6.9, graphsGib: 0.5 },
  gpuSamples: [sample],
  startWithoutXet: ready,
  replies,
};
const TWO: LiveEvidence = {
  ...EVIDENCE,
  peerToPeer: {
    usual: { start: ready, tokensPerSecond: 45 },
    disabled: { start: ready, tokensPerSecond: 40 },
  },
};

const without = (...types: readonly Fact["type"][]): readonly Timed[] =>
  USUAL.filter(([, { type }]) => !types.includes(type));
const until = (type: Fact["type"]): readonly Timed[] =>
  USUAL.slice(
    0,
    USUAL.findIndex(([, fact]) => fact.type === type),
  );
const reworded = (fact: Fact, second: number): readonly Timed[] =>
  USUAL.map((one) => (one[1].type === fact.type ? [second, fact] : one));

const findingOf = (number: number, evidence: LiveEvidence, facts: readonly Timed[] = USUAL) => {
  const found = liveFindings(eventsOf(facts), evidence, number === 10 ? evidence : undefined).find(
    (one) => one.number === number,
  );
  if (found === undefined) throw new Error(`there is no check ${String(number)}`);
  return found;
};

test("a VM that does what the code assumes shows every check as expected, by value", () => {
  const findings = liveFindings(eventsOf(USUAL), EVIDENCE, TWO);
  expect(findings.map(({ number, state, seen }) => [number, state, seen])).toEqual([
    [1, "as expected", expect.stringContaining("modprobe was enough")],
    [2, "as expected", expect.stringContaining("the new one after 95 s")],
    [3, "as expected", "login after 30 s; as root; cloud-init: done"],
    [4, "as expected", "Available KV cache memory: 6.90 GiB; CUDA graphs: 0.50 GiB"],
    [5, "as expected", expect.stringContaining("without: 1 of 4 complete (Unexpected token")],
    [6, "as expected", expect.stringContaining("with Xet 160 MB/s; without Xet 160 MB/s")],
    [7, "as expected", expect.stringContaining("0 incomplete files after the next start")],
    [8, "as expected", "27.9 tokens/s; nvidia-smi reports all figures"],
    [9, "as expected", "404 after 30 s; uninvoiced balance $0.52 higher, ledger $0.52"],
    [10, "as expected", expect.stringContaining("with: ready after 260 s, 45.0 tokens/s")],
  ]);
  for (const { change } of findings) expect(change).toBeUndefined();
});

const inspected = (changed: Partial<Inspection>): LiveEvidence => ({
  ...EVIDENCE,
  afterSetup: { ...inspection, ...changed },
});
const usualStart = (changed: ServerStart): LiveEvidence => ({
  ...TWO,
  peerToPeer: {
    usual: { start: changed, tokensPerSecond: undefined },
    disabled: { start: ready, tokensPerSecond: 40 },
  },
});

describe("a check differs", () => {
  test.each<[number, string, LiveEvidence, RegExp, RegExp]>([
    [
      1,
      "a package that pins another driver",
      inspected({ moduleInstallable: false, moduleInstalled: false, moduleReason: "E: held" }),
      /is not installed \(E: held\)/,
      /SETUP_SECONDS/,
    ],
    [1, "nouveau", inspected({ nouveauLoaded: true }), /nouveau is loaded/, /Blacklist/],
    [
      1,
      "a driver that needs a reboot",
      inspected({ rebootRequested: true }),
      /needed a reboot/,
      /Make the reboot usual/,
    ],
    [
      2,
      "a slow shutdown",
      { ...EVIDENCE, reboot: { lastSeenS: 90, backS: 200 } },
      /after 90 s/,
      /shutdownSeconds/,
    ],
    [
      2,
      "a slow boot",
      { ...EVIDENCE, reboot: { lastSeenS: 20, backS: 300 } },
      /after 300 s/,
      /TIMEOUTS\.rebootMs/,
    ],
    [
      2,
      "the same boot ID",
      { ...EVIDENCE, afterReboot: inspection },
      /boot-1, then boot-1/,
      /something else/,
    ],
    [
      2,
      "no driver after the reboot",
      { ...EVIDENCE, afterReboot: { ...inspection, bootId: "boot-2", nvidiaLoaded: false } },
      /no driver is loaded/,
      /each boot/,
    ],
    [3, "another user", inspected({ uid: 1000 }), /as user 1000/, /disable_root/],
    [
      3,
      "an error of cloud-init",
      inspected({ cloudInit: "error", cloudInitErrors: ["ssh: no key"] }),
      /error, ssh: no key/,
      /user-data/,
    ],
    [
      4,
      "less cache than planned",
      { ...EVIDENCE, memory: { cacheGib: 6, graphsGib: 0.5 } },
      /6\.00 GiB/,
      /DEFAULT_OVERHEAD_GIB/,
    ],
    [
      4,
      "graphs beyond what is free",
      { ...EVIDENCE, memory: { cacheGib: 7, graphsGib: 2.5 } },
      /2\.50 GiB/,
      /gpu_memory_utilization/,
    ],
    [
      5,
      "replies that break off all the same",
      { ...EVIDENCE, replies: { ...replies, withStopToken: broken } },
      /with: 1 of 4/,
      /natural mode/,
    ],
    [
      5,
      "a vLLM that needs no stop token",
      { ...EVIDENCE, replies: { ...replies, withoutStopToken: complete } },
      /without: 4 of 4/,
      /HARMONY_END/,
    ],
    [
      6,
      "a slow start",
      { ...EVIDENCE, startWithoutXet: { ...ready, seconds: 900 } },
      /started in 830 s/,
      /START_SECONDS/,
    ],
    [
      7,
      "a kill that leaves no incomplete file",
      {
        ...EVIDENCE,
        killedDownload: { bytes: 2e9, incompleteFiles: 0, incompleteFilesAfterRestart: 0 },
      },
      /killed after 2\.0 GB: 0 incomplete files/,
      /\*\.incomplete/,
    ],
    [
      7,
      "files that the next start leaves",
      {
        ...EVIDENCE,
        killedDownload: { bytes: 2e9, incompleteFiles: 2, incompleteFilesAfterRestart: 2 },
      },
      /2 incomplete files after/,
      /remove_parts/,
    ],
    [
      8,
      "figures that nvidia-smi does not tell",
      { ...EVIDENCE, gpuSamples: [{ ...sample, throttle: undefined }] },
      /\[N\/A\]/,
      /clocks_throttle_reasons/,
    ],
    [
      10,
      "a start that hangs with peer-to-peer access",
      usualStart({
        ...ready,
        engine: { ...ready.engine, settings: { disable_custom_all_reduce: true } },
      }),
      /the start hung/,
      /Disable peer-to-peer/,
    ],
    [10, "a start that fails", usualStart(failed), /out of GPU memory/, /Disable peer-to-peer/],
  ])("%i: %s", (number, _, evidence, seen, change) => {
    const found = findingOf(number, evidence);
    expect(found.state).toBe("differs");
    expect(found.seen).toMatch(seen);
    expect(found.change).toMatch(change);
  });

  const reason = "another host key than the pinned one";
  test.each<[number, string, readonly Timed[], RegExp]>([
    [
      1,
      "a set-up that fails",
      [
        ...until("machine.ready"),
        [400, { type: "rental.failed", label, stage: "setup", reason: "no driver" }],
      ],
      /no driver/,
    ],
    [
      3,
      "a host key that is not planted",
      [...until("ssh.ready"), [400, { type: "rental.failed", label, stage: "connecting", reason }]],
      /another host key/,
    ],
    [
      3,
      "a late login",
      reworded({ type: "ssh.ready", label, seconds: 250 }, 250),
      /login after 150 s/,
    ],
    [
      6,
      "a long set-up",
      reworded({ type: "ssh.ready", label, seconds: 130 }, -500),
      /set-up 1080 s/,
    ],
    [
      6,
      "a slow download",
      USUAL.map(([second, fact]): Timed => [second === 770 ? 1_000 : second, fact]),
      /with Xet 29 MB\/s/,
    ],
    [
      8,
      "a pass that is not sound",
      [
        ...without("pass.finished"),
        [
          1_000,
          { type: "pass.failed", label, model: awq, pass: 1, record, reasons: ["too noisy"] },
        ],
      ],
      /too noisy/,
    ],
    [9, "a slow deletion", reworded({ type: "destroy.unseen", label }, 1_900), /404 after 400 s/],
    [
      9,
      "charges beyond the ledger",
      reworded(
        { type: "account.compared", grown_micro_usd: 1_040_000, spent_micro_usd: 520_000 },
        1_570,
      ),
      /\$1\.04 higher, ledger \$0\.52/,
    ],
  ])("%i: %s", (number, _, facts, seen) => {
    const { afterSetup: __, ...rest } = EVIDENCE;
    const early = !facts.some(([, { type }]) => type === "machine.ready");
    const found = findingOf(number, early ? rest : EVIDENCE, facts);
    expect([found.state, found.seen]).toEqual(["differs", expect.stringMatching(seen)]);
    expect(found.change).toMatch(/\w/);
  });
});

test("charges that the token may not read leave the deletion to be judged", () => {
  const found = findingOf(9, EVIDENCE, without("account.compared"));
  expect(found).toMatchObject({ state: "as expected" });
  expect(found.seen).toContain("account:read_only");
});

test("a check that was not reached is not shown, with the reason that is known", () => {
  const nothing: LiveEvidence = { failures: { 5: "gpt-oss-20b was not served" } };
  const findings = liveFindings(eventsOf([[0, reserved]]), nothing, nothing);
  expect(new Set(findings.map(({ state }) => state))).toEqual(new Set(["not shown"]));
  expect(findings.find(({ number }) => number === 5)?.seen).toBe("gpt-oss-20b was not served");
  expect(findings.find(({ number }) => number === 1)?.seen).toBe("the run did not get so far");
});

test("the checklist in docs has the same checks in the same order", () => {
  const text = readFileSync(new URL("../../docs/live-checklist.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| +(\d+) +\| (.*) \|$/gm)].map(([, number, rest = ""]) => ({
    number: Number(number),
    cells: rest.split(" | ").map((cell) => cell.trim()),
  }));
  expect(rows.map(({ number }) => number)).toEqual(
    liveFindings([], EVIDENCE, TWO).map(({ number }) => number),
  );
  for (const { cells } of rows) {
    expect(cells).toHaveLength(3);
    for (const cell of cells) expect(cell).not.toBe("");
  }
});
