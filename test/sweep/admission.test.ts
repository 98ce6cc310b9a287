import { describe, expect, test } from "vitest";
import type { Journal } from "../../src/journal/events.ts";
import type { ApiFault } from "../../src/simulator/faults/fault-scripts.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { ExitCode, SweepError } from "../../src/support/errors.ts";
import { exitCodeOf } from "../../src/sweep/exit-code.ts";
import { simulatedSweep, type SimulatedSweep as Sweep } from "./simulated-sweep.ts";

const MINUTE = 60_000;
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
/** Dearest first. */
const TYPES = ["g2-gpu-rtx4000a2-s", "g2-gpu-rtx4000a1-m", "g2-gpu-rtx4000a1-s"];
const [DEAREST, , CHEAPEST] = TYPES;
const entries = (count: number): string =>
  `[${TYPES.slice(-count)
    .map((gpu) => `{ gpu: ${gpu}, models: [${MODEL}] }`)
    .join(", ")}]`;
const down: ApiFault = { match: {}, count: -1, action: "status", status: 503 };
const refusal = (nth: number, count: number, status: number, reason: string): ApiFault => ({
  match: { method: "POST", path: "^/linode/instances$" },
  nth,
  count,
  action: "status",
  status,
  body: JSON.stringify({ errors: [{ reason }] }),
});
const exitCode = (sweep: Sweep): ExitCode =>
  exitCodeOf(foldRun(sweep.events()), { interrupted: false, crashed: undefined, mayHold: false });
const types = (sweep: Sweep): string[] => sweep.vms().map(({ type }) => type.id);

describe("while the API does not answer", () => {
  const outage = (sweep: Sweep, minutes: number): void => {
    sweep.faults.add([down]);
    void sweep.clock.sleep(minutes * MINUTE).then(() => sweep.faults.clear());
  };

  test("running rentals go on, nothing is created, and the journal says why", async () => {
    await using sweep = await simulatedSweep({ entries: entries(2), concurrency: 2 });
    sweep.after("machine.ready", 1, () => outage(sweep, 20));
    await sweep.run();
    expect(exitCode(sweep)).toBe(ExitCode.done);
    expect(sweep.ofType("rental.failed")).toEqual([]);
    expect(sweep.vms()).toHaveLength(2);
    expect(sweep.ofType("admission.paused")).toMatchObject([
      { reason: expect.stringContaining("503") as string },
    ]);
    expect(sweep.ofType("admission.resumed")).toHaveLength(1);
  });

  test("a create that was lost to the outage is made again afterwards", async () => {
    await using sweep = await simulatedSweep();
    sweep.after("create.sent", 1, () => outage(sweep, 20));
    await sweep.run();
    expect(exitCode(sweep)).toBe(ExitCode.done);
    expect(sweep.ofType("pass.finished")).toHaveLength(2);
  });

  test("a sweep with nothing running gives up after an hour, and says so", async () => {
    await using sweep = await simulatedSweep({ entries: entries(2) });
    sweep.after("firewall.acknowledged", 1, () => outage(sweep, 90));
    await expect(sweep.run()).rejects.toThrow("503");
    expect(sweep.ofType("entry.not_started")).toHaveLength(2);
    expect(sweep.vms()).toEqual([]);
  });
});

describe("until a VM has come up", () => {
  test("the cheapest type goes first, alone", async () => {
    await using sweep = await simulatedSweep({ entries: entries(3), concurrency: 3 });
    await sweep.run();
    const order = sweep
      .events()
      .filter(({ type }) => type === "create.intended" || type === "machine.ready")
      .map((event) => (event.type === "create.intended" ? event.gpu : "ready"));
    expect(order.slice(0, 4)).toEqual([CHEAPEST, "ready", DEAREST, TYPES[1]]);
    expect(exitCode(sweep)).toBe(ExitCode.done);
  });

  test("two set-ups that fail at the same stage stop the sweep, at the price of the cheapest type", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      concurrency: 3,
      machineFaults: [{ vm: {}, action: "setup-fails" }],
    });
    const error: unknown = await sweep.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SweepError);
    expect(error).toMatchObject({
      exitCode: ExitCode.incomplete,
      message: expect.stringContaining(
        "2 VMs failed at the same stage (setup at driver)",
      ) as string,
      reason: expect.stringContaining("no NVIDIA driver can be installed") as string,
      hint: expect.stringContaining("--keep-on-failure") as string,
    });
    expect(types(sweep)).toEqual([CHEAPEST, CHEAPEST]);
    expect(sweep.ofType("rental.settled").map(({ hours }) => hours)).toEqual([1, 1]);
    expect(sweep.ofType("entry.not_started")).toHaveLength(3);
  });

  test("set-ups that fail at one stage are alike, however slowly their progress is journaled", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      machineFaults: [{ vm: {}, action: "setup-fails" }],
      change: ({ clock, journal }) => {
        let slow = 0;
        const append: Journal["append"] = async (fact) => {
          if (fact.type === "setup.progressed" && fact.stage === "driver") {
            slow += 1;
            if (slow % 2 === 1) await clock.sleep(1_000, new AbortController().signal);
          }
          return journal.append(fact);
        };
        return { journal: { ...journal, append } };
      },
    });
    await expect(sweep.run()).rejects.toThrow("2 VMs failed at the same stage (setup at driver)");
  });

  test("two boots that hang stop the sweep, the second one on another type", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      machineFaults: [{ vm: {}, action: "boot-hangs" }],
    });
    await expect(sweep.run()).rejects.toMatchObject({
      message: expect.stringContaining("same stage (booting)") as string,
      reason: expect.stringContaining("10 minutes") as string,
    });
    expect(types(sweep)).toEqual([CHEAPEST, TYPES[1]]);
  });

  test("a set-up that fails once is tried again on another VM, and the plan is measured whole", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(2),
      machineFaults: [{ vm: { nth: 1 }, action: "setup-fails" }],
    });
    await sweep.run();
    expect(exitCode(sweep)).toBe(ExitCode.done);
    expect(types(sweep)).toEqual([CHEAPEST, CHEAPEST, TYPES[1]]);
  });

  test("a VM that fails once another has come up ends its own entry only", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      machineFaults: [{ vm: { nth: 2 }, action: "boot-hangs" }],
    });
    await sweep.run();
    expect(exitCode(sweep)).toBe(ExitCode.incomplete);
    expect(types(sweep)).toEqual([CHEAPEST, DEAREST, TYPES[1]]);
    expect(sweep.ofType("pass.finished")).toHaveLength(4);
  });
});

describe("when Linode refuses a create", () => {
  const LIMIT = "Account Limit reached. Please open a support ticket.";

  test("an account limit that is met twice stops the sweep with the hint to open a ticket", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      faults: [refusal(1, -1, 400, LIMIT)],
    });
    const error: unknown = await sweep.run().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      exitCode: ExitCode.provider,
      reason: expect.stringContaining(LIMIT) as string,
      hint: expect.stringContaining("support ticket") as string,
    });
    expect(sweep.ofType("create.intended")).toHaveLength(2);
    expect(sweep.ofType("entry.not_started")).toHaveLength(3);
  });

  test("an account limit beside running VMs is waited out, and lowers what runs at once", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      concurrency: 3,
      faults: [refusal(3, 1, 400, LIMIT)],
    });
    await sweep.run();
    expect(exitCode(sweep)).toBe(ExitCode.done);
    expect(sweep.ofType("admission.paused")).toMatchObject([
      { reason: expect.stringContaining(LIMIT) as string },
    ]);
    expect(sweep.vms()).toHaveLength(3);
  });

  test("a refusal in unknown words ends that entry only", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      faults: [refusal(1, 1, 403, "Unauthorized")],
    });
    await sweep.run();
    expect(exitCode(sweep)).toBe(ExitCode.incomplete);
    expect(sweep.ofType("entry.not_started")).toMatchObject([
      { gpu: CHEAPEST, reason: expect.stringContaining("Unauthorized") as string },
    ]);
    expect(sweep.ofType("pass.finished")).toHaveLength(4);
  });

  test("the same refusal of two types stops the sweep", async () => {
    await using sweep = await simulatedSweep({
      entries: entries(3),
      faults: [refusal(1, -1, 403, "Unauthorized")],
    });
    await expect(sweep.run()).rejects.toMatchObject({ exitCode: ExitCode.provider });
    expect(sweep.ofType("create.intended").map(({ gpu }) => gpu)).toEqual([CHEAPEST, TYPES[1]]);
    expect(sweep.ofType("entry.not_started")).toHaveLength(3);
  });
});
