import { afterAll, beforeAll, expect, test } from "vitest";
import { tokenExpiryWarning } from "../../../src/run/preflight/token-expiry-warning.ts";
import type { CloudAccess } from "../../../src/run/wire.ts";
import { estimatePlan } from "../../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../../src/estimate/market.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/control/start-simulator.ts";
import { realClock } from "../../../src/support/clock.ts";
import { planWith } from "../../plan/a-plan.ts";

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
const access = (token: string, apiUrl = cloud.url): CloudAccess => ({
  apiUrl,
  token,
  clock: realClock(0.1),
});

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

const warn = async (token: string, apiUrl?: string): Promise<string | undefined> =>
  tokenExpiryWarning(access(token, apiUrl), estimate, 1, signal);

test("a token that expires before the two hours reserved end is warned of", async () => {
  expect(await warn(await tokenEnding(90))).toMatch(
    /the Linode token expires at .*Z but the plan may run until .*Z; after that VMs could not be destroyed/,
  );
});

test.each([180, null])("a token that expires in %s minutes is not", async (minutes) => {
  expect(await warn(await tokenEnding(minutes))).toBeUndefined();
});

test("an API that tells nothing of the token is no reason to stop", async () => {
  expect(await warn("x", "http://127.0.0.1:9")).toBeUndefined();
});
