import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { builtInMarket, type Market } from "../../../src/estimate/market.ts";
import {
  timeTcpConnect,
  withRoundTrips,
  type TimeConnect,
} from "../../../src/run/preflight/region-round-trips.ts";
import { planWith } from "../../plan/a-plan.ts";

const TYPE = "g2-gpu-rtx4000a1-s";
const ENTRY = `{gpu: ${TYPE}, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]}`;
const LINODE = { apiUrl: "https://api.linode.com", simulated: undefined };
const never = new AbortController().signal;

const market: Market = {
  ...builtInMarket(),
  source: "live",
  availability: [
    { region: "us-ord", type: TYPE, available: true },
    { region: "us-sea", type: TYPE, available: true },
    { region: "us-iad-2", type: TYPE, available: true },
    { region: "fr-par", type: TYPE, available: false },
    { region: "de-fra-2", type: "g2-gpu-rtx4000a2-s", available: true },
  ],
};

/** Answers after the given milliseconds by its own account, or never. */
function hosts(answers: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const timeConnect: TimeConnect = (host) => {
    asked.push(host);
    const ms = answers[host];
    return ms === undefined ? Promise.reject(new Error("refused")) : Promise.resolve(ms);
  };
  return { asked, timeConnect };
}

const CHICAGO = "speedtest.chicago.linode.com";
const SEATTLE = "speedtest.seattle.linode.com";

describe("round trips to regions", () => {
  it("are measured to those that have stock of a type whose region the plan leaves open", async () => {
    const { asked, timeConnect } = hosts({ [CHICAGO]: 30, [SEATTLE]: 5 });
    const plan = planWith(`[${ENTRY}]`);
    const { roundTripMs } = await withRoundTrips(market, plan, LINODE, timeConnect, never);
    expect(roundTripMs).toEqual(
      new Map([
        ["us-ord", 30],
        ["us-sea", 5],
      ]),
    );
    expect(asked.toSorted()).toEqual([CHICAGO, SEATTLE]);
  });

  it("leave out a host that does not answer", async () => {
    const { timeConnect } = hosts({ [SEATTLE]: 5 });
    const plan = planWith(`[${ENTRY}]`);
    const { roundTripMs } = await withRoundTrips(market, plan, LINODE, timeConnect, never);
    expect(roundTripMs).toEqual(new Map([["us-sea", 5]]));
  });

  it.each([
    ["the plan names regions", { top: "regions: [us-ord, us-sea]" }],
    ["the API is on this machine", { target: { ...LINODE, apiUrl: "http://127.0.0.1:4010" } }],
    ["the cloud is simulated", { target: { ...LINODE, simulated: {} } }],
    ["the API did not tell the stock", { market: builtInMarket() }],
    [
      "one region has stock",
      { market: { ...market, availability: market.availability.slice(0, 1) } },
    ],
  ])("are not measured where %s", async (_, change) => {
    const {
      top = "",
      target = LINODE,
      market: known = market,
    } = change as {
      top?: string;
      target?: { apiUrl: string; simulated: unknown };
      market?: Market;
    };
    const { asked, timeConnect } = hosts({ [CHICAGO]: 30, [SEATTLE]: 5 });
    const plan = planWith(`[${ENTRY}]`, top);
    expect(await withRoundTrips(known, plan, target, timeConnect, never)).toBe(known);
    expect(asked).toEqual([]);
  });

  it("end with the signal", async () => {
    const stop = new AbortController();
    const timeConnect: TimeConnect = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const plan = planWith(`[${ENTRY}]`);
    const measured = withRoundTrips(market, plan, LINODE, timeConnect, stop.signal);
    stop.abort(new Error("interrupted"));
    await expect(measured).rejects.toThrow("interrupted");
  });
});

describe("the time to connect", () => {
  it("is that of a TCP connection, which is closed at once", async () => {
    const ended: Promise<void>[] = [];
    const server = createServer((socket) => {
      ended.push(new Promise((resolve) => socket.once("close", () => resolve())));
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await timeTcpConnect(port)("127.0.0.1", never)).toBeGreaterThan(0);
    await Promise.all(ended);
    await new Promise((resolve) => server.close(resolve));
    await expect(timeTcpConnect(port)("127.0.0.1", never)).rejects.toThrow("ECONNREFUSED");
  });
});
