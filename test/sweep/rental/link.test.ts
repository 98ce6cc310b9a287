import { describe, expect, test } from "vitest";
import { foldRun } from "../../../src/run-state/fold-run.ts";
import { MachineError } from "../../../src/machine/machine.ts";
import { ExitCode } from "../../../src/support/errors.ts";
import { exitCodeOf } from "../../../src/sweep/exit-code.ts";
import { simulatedSweep, type SimulatedSweep } from "../simulated-sweep.ts";

const SECOND = 1_000;
const MODELS = "[Qwen/Qwen2.5-Coder-7B-Instruct-AWQ, Qwen/Qwen2.5-Coder-14B-Instruct-AWQ]";
const TWO_MODELS = `[{ gpu: g2-gpu-rtx4000a1-s, models: ${MODELS} }]`;

const breakLink = ({ network, clock }: SimulatedSweep, seconds: number): void => {
  network.cut();
  void clock.sleep(seconds * SECOND).then(() => network.heal());
};
const expectMeasured = (sweep: SimulatedSweep, passes: number): void => {
  const state = foldRun(sweep.events());
  const end = { interrupted: false, crashed: undefined, mayHold: false };
  expect(exitCodeOf(state, end)).toBe(ExitCode.done);
  expect(sweep.ofType("pass.finished")).toHaveLength(passes);
  expect(sweep.vms()).toHaveLength(1);
};

describe("a link that is lost and comes back costs no VM", () => {
  test.each([
    ["in the set-up", "setup.progressed", 3],
    ["just after the set-up", "machine.ready", 1],
    ["while the weights are downloaded", "server.starting", 1],
    ["in the warm-up", "server.ready", 1],
    ["in a pass", "test.finished", 2],
    ["while a server is stopped", "configuration.finished", 1],
    ["while the next server starts", "server.stopped", 1],
  ] as const)("%s", async (_, type, nth) => {
    await using sweep = await simulatedSweep({ entries: TWO_MODELS });
    sweep.after(type, nth, () => breakLink(sweep, 150));
    await sweep.run();
    expectMeasured(sweep, 4);
  });

  test("also after five minutes", async () => {
    await using sweep = await simulatedSweep();
    sweep.after("pass.started", 1, () => breakLink(sweep, 300));
    await sweep.run();
    expectMeasured(sweep, 2);
    expect(sweep.ofType("pass.void")).toMatchObject([{ pass: 1, reason: "SSH was lost" }]);
  });

  test("as often as it likes, as long as passes are recorded in between", async () => {
    await using sweep = await simulatedSweep({ passes: 6 });
    for (let pass = 1; pass <= 10; pass += 2)
      sweep.after("pass.started", pass, () => breakLink(sweep, 20));
    await sweep.run();
    expectMeasured(sweep, 6);
    expect(sweep.ofType("pass.void")).toHaveLength(5);
  });
});

test("a link that does not come back ends the rental, with what the API says of the VM", async () => {
  await using sweep = await simulatedSweep();
  sweep.after("pass.started", 1, () => sweep.network.cut());
  await sweep.run();
  expect(sweep.ofType("rental.failed")).toMatchObject([
    {
      stage: "measuring",
      reason: expect.stringMatching(
        /SSH was lost and did not come back in 10 minutes: .*\(the API says: running\)/,
      ) as string,
    },
  ]);
});

test("a VM that is gone is not waited for", async () => {
  await using sweep = await simulatedSweep();
  sweep.after("pass.started", 1, () => {
    const [vm] = sweep.vms();
    if (vm !== undefined) sweep.world.vms.remove("simulated", vm.id);
  });
  await sweep.run();
  const [failed] = sweep.ofType("rental.failed");
  const [started] = sweep.ofType("pass.started");
  expect(failed?.reason).toContain("the VM no longer exists");
  expect(Date.parse(failed?.ts ?? "") - Date.parse(started?.ts ?? "")).toBeLessThan(300 * SECOND);
});

test("a server that cannot be stopped does not keep the next one from being measured", async () => {
  await using sweep = await simulatedSweep({
    entries: TWO_MODELS,
    change: ({ machines }) => ({
      machines: {
        ...machines,
        connect: async (target, signal) => ({
          ...(await machines.connect(target, signal)),
          stopServer: () => Promise.reject(new MachineError("command", "docker: no answer", 1)),
        }),
      },
    }),
  });
  await sweep.run();
  expectMeasured(sweep, 4);
  expect(sweep.ofType("server.stopped")).toEqual([]);
});

describe("a caller whose public address changes", () => {
  const ELSEWHERE = "198.51.100.7";

  test("opens the firewall for the new one, and goes on with the same VM", async () => {
    await using sweep = await simulatedSweep({ asksAddress: true });
    sweep.after("pass.started", 2, () => sweep.network.move(ELSEWHERE));
    await sweep.run();
    expectMeasured(sweep, 2);
    expect(sweep.ofType("firewall.updated")).toMatchObject([{ cidrs: [`${ELSEWHERE}/32`] }]);
    const [firewall] = sweep.world.firewalls.all();
    expect(firewall?.rules.inbound?.[0]?.addresses?.ipv4).toEqual([`${ELSEWHERE}/32`]);
  });

  test("is found out while a new VM does not answer, too", async () => {
    await using sweep = await simulatedSweep({ asksAddress: true });
    sweep.after("create.sent", 1, () => sweep.network.move(ELSEWHERE));
    await sweep.run();
    expectMeasured(sweep, 2);
  });

  test("leaves the firewall as it is while the address is the same", async () => {
    await using sweep = await simulatedSweep({ asksAddress: true });
    sweep.after("pass.started", 1, () => breakLink(sweep, 200));
    await sweep.run();
    expectMeasured(sweep, 2);
    expect(sweep.ofType("firewall.updated")).toEqual([]);
  });

  test("and then resumes from elsewhere, goes on with the VM that is still there", async () => {
    await using sweep = await simulatedSweep();
    sweep.after("pass.finished", 1, () => sweep.kill());
    await sweep.run();
    sweep.network.move(ELSEWHERE);
    await sweep.resume({ settings: { sshCidrs: [`${ELSEWHERE}/32`] } });
    expectMeasured(sweep, 2);
    expect(sweep.ofType("rental.reused")).toHaveLength(1);
  });
});
