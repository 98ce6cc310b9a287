import { afterAll, beforeAll, expect, test } from "vitest";
import type { PassResult } from "../../src/evidence/pass.ts";
import { VOID_REPEATS } from "../../src/evidence/method.ts";
import { measureServer } from "../../src/benchmark/measure-server.ts";
import type { MeasureRequest } from "../../src/benchmark/measure-server.ts";
import { startReferenceServer, type ReferenceServer } from "../support/reference-server.ts";
import { linearClock } from "../../src/support/clock.ts";
import { never, passRequest, prompt, underTest } from "./reference.ts";

// Fast enough that our own delays count for nothing: voids come from the GPU alone.
const clock = linearClock({ v0: 0, w0: 0, speed: 20 });
const suite = { id: "custom-test", tests: [prompt("alpha", 40)] };
let server: ReferenceServer;

beforeAll(async () => {
  server = await startReferenceServer({ ttftMs: 100, tpotMs: 800, clock });
});
afterAll(async () => {
  await server.close();
});

/** Throttled during the first so many passes. */
async function measure(throttledPasses: number, passes: number) {
  const kept: PassResult[] = [];
  const begun: [number, string | undefined][] = [];
  const request: MeasureRequest = {
    ...passRequest(underTest(server), { clock, suite }),
    passes,
    sampleGpus: () => {
      const throttle = begun.length <= throttledPasses ? ["sw_thermal_slowdown"] : [];
      return Promise.resolve([{ clockMhz: 1000, powerW: 100, temperatureC: 90, throttle }]);
    },
    onStart: (pass, again) => begun.push([pass, again]),
    onTest: () => undefined,
    onPass: (pass) => {
      kept.push(pass);
      return Promise.resolve();
    },
  };
  const incomplete = await measureServer(request, never);
  return { kept, begun, incomplete };
}

test("a void pass is done again, with the reason, and is not kept", async () => {
  const { kept, begun, incomplete } = await measure(1, 1);
  expect(incomplete).toBeUndefined();
  expect(kept).toHaveLength(1);
  expect(begun).toEqual([
    [1, undefined],
    [1, "the GPU was throttled: sw_thermal_slowdown"],
  ]);
});

test("it is done again a stated number of times, then the rest is left out and the reason told", async () => {
  const { kept, begun, incomplete } = await measure(Infinity, 3);
  expect(kept).toEqual([]);
  expect(begun).toHaveLength(1 + VOID_REPEATS);
  expect(incomplete).toBe(
    `pass 1 was void ${String(1 + VOID_REPEATS)} times: the GPU was throttled: sw_thermal_slowdown`,
  );
});
