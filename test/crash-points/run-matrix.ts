import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  runDrillCase,
  type DrillCase,
  type DrillResult,
  type DrillScenario,
} from "../../src/drill/drill-case.ts";
import { DRILL_PACE, prepareDrillWorld, type DrillWorld } from "../../src/drill/drill-world.ts";
import { WAYS } from "./ways.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));

/** A simulated cloud in a child process, which is killed on release even if it still has VMs. */
export async function openTestWorld(): Promise<DrillWorld> {
  const { seed, speed, delays } = DRILL_PACE;
  const flags = { port: 0, seed, speed, delays };
  const child = spawn(
    process.execPath,
    [
      PROGRAM,
      "simulator",
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { url, token } = JSON.parse(line) as { url: string; token: string };
  return prepareDrillWorld({ url, token, release: () => child.kill("SIGKILL") });
}

/** Runs all cases, `lanes` of them in parallel; each lane has its own simulated cloud. */
export async function runMatrix(
  cases: readonly DrillCase[],
  lanes: number,
  onResult: (result: DrillResult) => void,
  wayTo: (drill: DrillCase) => DrillScenario = ({ point }) => WAYS[point],
): Promise<void> {
  const never = new AbortController().signal;
  let next = 0;
  const lane = async (): Promise<void> => {
    let world: DrillWorld | undefined;
    for (let index = next++; index < cases.length; index = next++) {
      const drill = cases[index] as DrillCase;
      const way = wayTo(drill);
      world ??= await openTestWorld();
      onResult(await runDrillCase(drill, way, world, never));
      if (way.secondProgram?.endWorld === true) world = undefined;
    }
    await world?.close();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
