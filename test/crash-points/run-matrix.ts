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
import { DRILL_PACE, settleDrillWorld, type DrillWorld } from "../../src/drill/drill-world.ts";
import { WAYS } from "./ways.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));

const TRIES = 3;

/** A simulated cloud as a process of its own, whose end does not wait for what is in it. */
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
  return settleDrillWorld({ url, token, release: () => child.kill("SIGKILL") });
}

/** All cases, in as many lanes as are asked for; each lane has a world of its own. */
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
      let result: DrillResult;
      let tries = 0;
      do {
        tries += 1;
        world ??= await openTestWorld();
        result = await runDrillCase(drill, way, world, never);
        if (way.second?.loseWorld === true) world = undefined;
        // On a machine that has no time for it a request may fail that no script names.
      } while (!result.reached && result.broken.length === 0 && tries < TRIES);
      onResult(result);
    }
    await world?.close();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
