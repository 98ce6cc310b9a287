import { afterAll, beforeAll, expect, test } from "vitest";
import type { CloudTarget } from "../../src/run/cloud-target.ts";
import { tokenExpiryWarning } from "../../src/run/token-expiry-warning.ts";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../src/estimate/market.ts";
import { startSimulator, type Simulator } from "../../src/simulator/control/start-simulator.ts";
import { realClock } from "../../src/support/clock.ts";
import { planWith } from "../plan/a-plan.ts";

let cloud: Simulator;
beforeAll(async () => {
  cloud = await startSimulator({ port: 0, speed: 1, seed: 1, delays: 1 });
});
afterAll(() => cloud.close());

const estimate = estimatePlan(
  planWith("[{gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ], passes: 1}]"),
  builtInMarket(),
);
const signal = new AbortController().signal;
const target = (token: string, apiUrl = cloud.url): CloudTarget =>
  ({ apiUrl, token, clock: realClock(0.1) }) as unknown as CloudTarget;

async function tokenEnding(minutes: number | null): Promise<string> {
  const token = `${String(minutes)}-minutes-are-left`;
  const expiry = minutes === null ? null : new Date(Date.now() + minutes * 60_000).toISOString();
  await fetch(`${cloud.url}/simulator/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, scopes: "*", expiry, revoked: false }),
  });
  return token;
}

test.each([
  [90, true],
  [180, false],
  [null, false],
])(
  "a token that ends in %s minutes, with two hours reserved, is warned of: %s",
  async (minutes, told) => {
    const warning = await tokenExpiryWarning(
      target(await tokenEnding(minutes)),
      estimate,
      1,
      signal,
    );
    expect(warning !== undefined).toBe(told);
    expect(warning ?? "no VM can be destroyed").toContain("no VM can be destroyed");
  },
);

test("an API that tells nothing of the token is no reason to stop", async () => {
  expect(
    await tokenExpiryWarning(target("x", "http://127.0.0.1:9"), estimate, 1, signal),
  ).toBeUndefined();
});
