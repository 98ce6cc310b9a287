import { expect, test } from "vitest";
import { nothingIsLeft } from "../simulated/nothing-left.ts";
import { sweepRun } from "../simulated/sweep-run.ts";
import { journalOf } from "./watched-sweep.ts";

const CARD = "g2-gpu-rtx4000a1-s";
const OTHER = "g2-gpu-rtx4000a1-m";
const SMALL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const LARGE = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";

const plan = (regions = ""): string => `version: 1
name: endings
budget: { max_cost: 9, max_hours_per_rental: 2 }
concurrency: 2
passes: 1
suites: [coding]
${regions}
entries:
  - gpu: ${CARD}
    models: [${SMALL}, ${LARGE}]
  - gpu: ${OTHER}
    models: [${SMALL}]
`;

const ALL = [`${CARD} ${SMALL}`, `${CARD} ${LARGE}`, `${OTHER} ${SMALL}`];

interface Ending {
  readonly faults: readonly object[];
  readonly code: number;
  /** VMs that were created. */
  readonly rented: number;
  /** Configurations that have no record in the end; all others have theirs. */
  readonly lost: readonly string[];
  /** Why, in the summary and in the journal. */
  readonly says: RegExp;
}

const machine = (action: string): object => ({ vm: { type: CARD, model: SMALL }, action });

const ENDINGS: Readonly<Record<string, Ending>> = {
  "no stock anywhere for one entry: it is not started, the other is": {
    faults: [{ type: OTHER, action: "no-stock" }],
    code: 5,
    rented: 1,
    lost: [`${OTHER} ${SMALL}`],
    says: /no stock of g2-gpu-rtx4000a1-m/,
  },
  "one model out of memory: the next model of the same rental goes on": {
    faults: [machine("out-of-memory")],
    code: 5,
    rented: 2,
    lost: [`${CARD} ${SMALL}`],
    says: /out of GPU memory/,
  },
  "one model gated: the next model of the same rental goes on": {
    faults: [machine("gated")],
    code: 5,
    rented: 2,
    lost: [`${CARD} ${SMALL}`],
    says: /the model is gated/,
  },
  "vLLM dies in the middle: the next model of the same rental goes on": {
    faults: [machine("server-dies")],
    code: 5,
    rented: 2,
    lost: [`${CARD} ${SMALL}`],
    says: /vLLM died|illegal memory access/,
  },
  "SSH freezes in the middle: the rental is destroyed, the other goes on": {
    faults: [machine("ssh-freezes")],
    code: 5,
    rented: 2,
    lost: [`${CARD} ${SMALL}`, `${CARD} ${LARGE}`],
    says: /SSH was lost and did not come back/,
  },
  "a boot that hangs: the rental is destroyed, the other goes on": {
    faults: [{ vm: { type: CARD }, action: "boot-hangs" }],
    code: 5,
    rented: 2,
    lost: [`${CARD} ${SMALL}`, `${CARD} ${LARGE}`],
    says: /still booting/,
  },
};

test.each(Object.entries(ENDINGS))("%s", async (_name, ending) => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  await rig.faults(ending.faults);
  const file = rig.plan(plan());
  const { code, stdout } = await rig.run("run", file, "--simulate", rig.url, "--quiet");
  expect(stdout).toMatch(ending.says);
  expect(code).toBe(ending.code);
  const measured = rig.records().map(({ gpu_type: gpu, model_id: model }) => `${gpu} ${model}`);
  expect(measured.toSorted()).toEqual(ALL.filter((one) => !ending.lost.includes(one)).toSorted());
  const reasons = journalOf(rig).flatMap((event) => {
    if (event.type === "entry.not_started")
      return event.models.map((model) => [`${event.gpu} ${model}`, event.reason] as const);
    if (event.type !== "configuration.finished" || event.state === "measured") return [];
    return [[`${event.gpu} ${event.model}`, event.reason ?? ""] as const];
  });
  expect(reasons.map(([lost]) => lost).toSorted()).toEqual(ending.lost.toSorted());
  for (const [, reason] of reasons) expect(reason).toMatch(ending.says);
  await nothingIsLeft(rig, ending.rented);
});

test("a set-up that fails on every type costs two hours of the cheapest one, and the sweep says why it stops", async () => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  await rig.faults([{ vm: {}, action: "setup-fails" }]);
  const PLAN = "plans/full-coverage.yaml";
  const { code, stderr } = await rig.run("run", PLAN, "--simulate", rig.url, "--quiet");
  expect(code).toBe(5);
  expect(stderr).toContain("2 VMs failed at the same stage (setup at driver)");
  expect(stderr).toMatch(/why: .*driver/);
  expect(stderr).toContain("--keep-on-failure");
  const { invoice, vms } = await nothingIsLeft(rig, 2);
  expect(vms.map(({ type }) => type)).toEqual([CARD, CARD]);
  expect(invoice.usd).toBeLessThanOrEqual(2 * 0.52);
  const notStarted = journalOf(rig).flatMap((event) =>
    event.type === "entry.not_started" ? [event.gpu] : [],
  );
  expect(notStarted.length).toBeGreaterThanOrEqual(12);
  expect(rig.records()).toEqual([]);
});

test("no stock in the first region: the refusal is heard, and the next one is taken", async () => {
  await using rig = await sweepRun(3, "--speed", "180", "--delays", "0.1");
  // Advertised: availability promises what a create is then refused.
  await rig.faults([{ region: "us-ord", action: "no-stock", advertised: true }]);
  const file = rig.plan(plan("regions: [us-ord, us-sea]"));
  const { code } = await rig.run("run", file, "--simulate", rig.url, "--quiet");
  expect(code).toBe(0);
  expect(rig.records()).toHaveLength(3);
  const { vms } = await nothingIsLeft(rig, 2);
  expect(vms.map(({ region }) => region)).toEqual(["us-sea", "us-sea"]);
  const { requests } = await rig.ask<{ requests: Sent[] }>("requests");
  const creates = requests.filter(
    ({ method, path }) => method === "POST" && path.endsWith("/linode/instances"),
  );
  const refused = creates.filter(({ status }) => status === 403).map(({ body }) => body);
  expect(refused).toHaveLength(2);
  for (const body of refused) expect(JSON.stringify(body)).toContain("us-ord");
  expect(creates.filter(({ status }) => status === 200)).toHaveLength(2);
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}
