import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import { sshLine } from "../../../src/sweep/rental/hold-vm.ts";
import { simulatedSweep, type SimulatedSweep } from "../simulated-sweep.ts";

const MINUTE = 60_000;
const outOfMemory: MachineFault = { vm: {}, action: "out-of-memory" };
const minutesHeld = (sweep: SimulatedSweep): number => {
  const [held] = sweep.ofType("rental.held");
  const [destroy] = sweep.ofType("destroy.intended");
  return (Date.parse(destroy?.ts ?? "") - Date.parse(held?.ts ?? "")) / MINUTE;
};

describe("the VM of a failed rental", () => {
  it("is held for a look, with the ssh line in the journal and the key in a file", async () => {
    const files = new Map<string, string>();
    await using sweep = await simulatedSweep({
      machineFaults: [outOfMemory],
      settings: { keepOnFailureMs: 5 * MINUTE },
      change: () => ({
        writePrivateFile: (name, text) => {
          files.set(name, text);
          return Promise.resolve(`/run/${name}`);
        },
      }),
    });
    await sweep.run();
    const [held] = sweep.ofType("rental.held");
    const key = files.get(`${held?.label ?? ""}.key`) ?? "";
    expect(held?.reason).toContain(`ssh -i /run/${held?.label ?? ""}.key`);
    expect(key).toContain("PRIVATE KEY");
    expect(JSON.stringify(sweep.events())).not.toContain(key.split("\n")[1]);
    expect(minutesHeld(sweep)).toBeCloseTo(5, 2);
  });

  it("is held no longer than until the deadline of the rental", async () => {
    await using sweep = await simulatedSweep({
      machineFaults: [outOfMemory],
      settings: { keepOnFailureMs: 600 * MINUTE },
      change: () => ({ writePrivateFile: (name) => Promise.resolve(name) }),
    });
    await sweep.run();
    const [reserved] = sweep.ofType("rental.reserved");
    expect(sweep.ofType("rental.held")).toMatchObject([{ until: reserved?.deadline }]);
  });

  it("is let go by a stop", async () => {
    const stop = new AbortController();
    await using sweep = await simulatedSweep({
      machineFaults: [outOfMemory],
      settings: { keepOnFailureMs: 30 * MINUTE },
      change: () => ({ writePrivateFile: (name) => Promise.resolve(name) }),
    });
    sweep.after("rental.held", 1, () => void sweep.clock.sleep(MINUTE).then(() => stop.abort()));
    await sweep.run({ stop: stop.signal });
    expect(minutesHeld(sweep)).toBeCloseTo(1, 2);
  });

  it.each<[string, number, boolean]>([
    ["nobody asked for it", 0, true],
    ["its key cannot be written", 30 * MINUTE, false],
  ])("is not held when %s", async (_, keepOnFailureMs, canWrite) => {
    await using sweep = await simulatedSweep({
      machineFaults: [outOfMemory],
      settings: { keepOnFailureMs },
      change: () => (canWrite ? { writePrivateFile: (name: string) => Promise.resolve(name) } : {}),
    });
    await sweep.run();
    expect(sweep.ofType("rental.held")).toEqual([]);
  });
});

describe("a VM for the user", () => {
  it("is left held with its model served, and measures nothing", async () => {
    await using sweep = await simulatedSweep({ settings: { leaveHeld: true } });
    await sweep.run();
    const [reserved] = sweep.ofType("rental.reserved");
    expect(sweep.ofType("server.ready")).toHaveLength(1);
    expect(sweep.ofType("rental.held")).toMatchObject([{ until: reserved?.deadline }]);
    expect(sweep.ofType("destroy.intended")).toEqual([]);
    expect(sweep.ofType("firewall.gone")).toEqual([]);
    expect(sweep.ofType("pass.started")).toEqual([]);
  });

  it("is destroyed when its model does not come up", async () => {
    await using sweep = await simulatedSweep({
      machineFaults: [outOfMemory],
      settings: { leaveHeld: true },
    });
    await sweep.run();
    expect(sweep.ofType("rental.held")).toEqual([]);
    expect(sweep.ofType("configuration.finished")).toMatchObject([{ state: "failed" }]);
    expect(sweep.ofType("rental.gone")).toHaveLength(1);
  });

  it("is not rented a second time when the first one does not come up", async () => {
    await using sweep = await simulatedSweep({
      machineFaults: [{ vm: {}, action: "setup-fails" }],
      settings: { leaveHeld: true },
    });
    await sweep.run();
    expect(sweep.vms()).toHaveLength(1);
    expect(sweep.ofType("rental.failed")).toMatchObject([{ stage: "setup" }]);
  });
});

it("gives ssh the paths of the key and the known hosts, whatever the state folder is called", () => {
  const key = "/home/o'brien/$(id)/vm.key";
  const hosts = "/home/o'brien/known hosts";
  const line = sshLine(key, hosts, 2222, "203.0.113.7").replace(/^ssh /, "printf '%s\\n' ");
  expect(execFileSync("sh", ["-c", line], { encoding: "utf8" }).split("\n").slice(0, -1)).toEqual([
    "-i",
    key,
    "-o",
    `UserKnownHostsFile=${hosts}`,
    "-p",
    "2222",
    "root@203.0.113.7",
  ]);
});
