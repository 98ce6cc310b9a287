import { expect, it } from "vitest";
import type { MachineFacts } from "../../../src/machine/machine.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { simulatedRental } from "./simulated-rental.ts";

/** Machines that say something else of themselves. */
const stating =
  (change: (facts: MachineFacts) => MachineFacts) =>
  ({ machines }: SweepPorts): Partial<SweepPorts> => ({
    machines: {
      ...machines,
      connect: async (target, signal) => {
        const machine = await machines.connect(target, signal);
        return { ...machine, facts: async (inner) => change(await machine.facts(inner)) };
      },
    },
  });

it("a machine with the GPUs that its type is sold with is ready", async () => {
  await using rental = await simulatedRental({ gpu: "g2-gpu-rtx4000a2-s" });
  await rental.bringUp();
  expect(rental.types().filter((type) => type !== "setup.progressed")).toEqual([
    "boot.running",
    "ssh.ready",
    "machine.ready",
  ]);
  expect(rental.events().at(-1)).toMatchObject({ gpu_name: "NVIDIA RTX 4000 Ada Generation" });
});

it.each([0, 1, 4])("a machine that shows %i GPUs instead of two measures nothing", async (gpus) => {
  await using rental = await simulatedRental({
    gpu: "g2-gpu-rtx4000a2-s",
    change: stating((facts) => ({
      ...facts,
      gpus: Array.from({ length: gpus }, () => facts.gpus[0]).filter((gpu) => gpu !== undefined),
    })),
  });
  await expect(rental.bringUp()).rejects.toThrow(
    `nvidia-smi shows ${String(gpus)} GPUs where g2-gpu-rtx4000a2-s is sold with 2`,
  );
  expect(rental.types()).not.toContain("machine.ready");
});
