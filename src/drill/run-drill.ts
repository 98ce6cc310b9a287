import { startSimulatedWorld } from "../simulator/client/simulated-world.ts";
import { DRILL_PLAN, runDrillCase, type DrillCase, type DrillResult } from "./drill-case.ts";
import { DRILL_PACE, prepareDrillWorld } from "./drill-world.ts";

/** Every way in which the API fails, at the events where a VM is most easily lost, with and without a guard. */
export const DRILL_CASES: readonly DrillCase[] = [
  { point: "create.sent", when: "after", guard: "alive", fault: "no fault" },
  { point: "create.unknown", when: "before", guard: "killed", fault: "works a minute late" },
  { point: "create.unknown", when: "after", guard: "alive", fault: "reply lost after it worked" },
  { point: "create.unknown", when: "before", guard: "alive", fault: "answered 408" },
  { point: "create.acknowledged", when: "before", guard: "killed", fault: "no fault" },
  { point: "boot.running", when: "after", guard: "alive", fault: "answered 429 with odd headers" },
  {
    point: "machine.ready",
    when: "after",
    guard: "killed",
    fault: "answered 502 with a page of HTML",
  },
  { point: "test.finished", when: "after", guard: "alive", fault: "answered busy" },
  { point: "pass.finished", when: "after", guard: "alive", fault: "reply lost after it worked" },
  { point: "destroy.sent", when: "before", guard: "killed", fault: "lists are behind" },
  { point: "destroy.sent", when: "after", guard: "alive", fault: "lost on its way" },
  { point: "rental.gone", when: "before", guard: "killed", fault: "lists are behind" },
];

/** Runs all cases in one simulated cloud. @param onResult called after each case, with its number from 1 */
export async function runDrill(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  onResult: (result: DrillResult, number: number) => void,
): Promise<readonly DrillResult[]> {
  const world = await prepareDrillWorld(await startSimulatedWorld({ ...DRILL_PACE, env }));
  const results: DrillResult[] = [];
  try {
    for (const drill of DRILL_CASES) {
      const result = await runDrillCase(drill, { plan: DRILL_PLAN }, world, signal);
      results.push(result);
      onResult(result, results.length);
    }
  } finally {
    await world.close();
  }
  return results;
}
