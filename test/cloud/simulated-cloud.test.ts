import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { checkAccount, explainCloudError } from "../../src/cloud/account-check.ts";
import { type Cloud, CloudError } from "../../src/cloud/cloud.ts";
import { createLinodeCloud } from "../../src/cloud/linode-cloud.ts";
import { type Simulator, startSimulator } from "../../src/simulator/control/start-simulator.ts";
import { type Clock, type LinearTime, linearClock } from "../../src/support/clock.ts";
import { cloudContract } from "./cloud-contract.ts";

async function startWorld(): Promise<{ simulator: Simulator; clock: Clock }> {
  const simulator = await startSimulator({
    port: 0,
    speed: 120,
    seed: 1,
    delays: 1,
  });
  const time = await fetch(`${simulator.url}/simulator/clock`);
  return { simulator, clock: linearClock((await time.json()) as LinearTime) };
}

cloudContract("the Linode client, over HTTP, with the simulated cloud,", async () => {
  const { simulator, clock } = await startWorld();
  return {
    cloud: createLinodeCloud({ apiUrl: simulator.url, token: simulator.token, clock }),
    clock,
    close: () => simulator.close(),
  };
});

describe("the Linode client, when the simulated cloud misbehaves,", () => {
  const signal = new AbortController().signal;
  const firewall = { label: "con-faulty", sshCidrs: ["127.0.0.1/32"], tags: [] };
  let simulator: Simulator;
  let clock: Clock;

  const cloudWith = (token: string): Cloud =>
    createLinodeCloud({ apiUrl: simulator.url, token, clock });
  const control = async (
    path: string,
    body: unknown,
    method: "POST" | "DELETE" = "POST",
  ): Promise<void> => {
    const reply = await fetch(`${simulator.url}/simulator/${path}`, {
      method,
      body: JSON.stringify(body),
    });
    expect(reply.status).toBe(200);
  };
  const caught = async (promise: Promise<unknown>): Promise<CloudError> => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(CloudError);
    return error as CloudError;
  };

  beforeAll(async () => {
    ({ simulator, clock } = await startWorld());
  });
  afterEach(async () => {
    await control("faults", {}, "DELETE");
    const cloud = cloudWith(simulator.token);
    for (const { id } of await cloud.listFirewalls({}, signal)) await cloud.deleteFirewall(id);
  });
  afterAll(async () => {
    await simulator.close();
  });

  it.each([
    ["unknown", undefined],
    ["expired", { scopes: "*", expiry: "2020-01-01T00:00:00" }],
    ["revoked", { scopes: "*", revoked: true }],
  ])("reports a token that is %s", async (name, facts) => {
    const token = `${name}-token-canary`;
    if (facts !== undefined) await control("tokens", { token, ...facts });
    const error = await caught(cloudWith(token).account(signal));
    expect(error.kind).toBe("token");
    const told = explainCloudError(error, "read the account");
    expect(told.reason).toContain("wrong, expired or revoked");
    expect(JSON.stringify(told) + told.message + (told.reason ?? "")).not.toContain("canary");
  });

  it.each([
    ["linodes:read_only firewall:read_write", "linodes:read_write"],
    ["linodes:read_write", "firewall:read_write"],
  ])(
    "names the scope that is missing from %s, before anything is created",
    async (scopes, missing) => {
      await control("tokens", { token: "weak-token", scopes });
      const account = await cloudWith("weak-token").account(signal);
      expect(() => {
        checkAccount(account);
      }).toThrow(
        expect.objectContaining({ exitCode: 4, reason: expect.stringContaining(missing) }),
      );
    },
  );

  it("reports a missing scope if such a token is used for a write", async () => {
    await control("tokens", { token: "weak-token", scopes: "linodes:read_write" });
    const error = await caught(cloudWith("weak-token").createFirewall(firewall));
    expect(error).toMatchObject({ kind: "scope", status: 401 });
  });

  it("has another fingerprint for another account", async () => {
    const cloud = cloudWith(simulator.token);
    const ours = (await cloud.account(signal)).fingerprint;
    await control("faults", [{ match: { path: "/profile" }, action: "wrong-account", count: 1 }]);
    expect((await cloud.account(signal)).fingerprint).not.toBe(ours);
  });

  it.each([
    ["the answer was lost", { action: "commit-then-drop" }, 1],
    ["the request was lost", { action: "drop-before" }, 0],
    ["a gateway answered", { action: "status", status: 502 }, 0],
    ["it timed out there", { action: "status", status: 408 }, 0],
    ["the answer did not come in time", { action: "delay", seconds: 3_600 }, 1],
  ])(
    "cannot tell whether a write took effect when %s, until it reads the list",
    async (_, fault, made) => {
      const cloud = cloudWith(simulator.token);
      const match = { method: "POST", path: "/networking/firewalls" };
      await control("faults", [{ match, ...fault, count: 1 }]);
      expect(await caught(cloud.createFirewall(firewall))).toMatchObject({
        kind: "transient",
        sent: true,
      });
      expect(await cloud.listFirewalls({ label: firewall.label }, signal)).toHaveLength(made);
    },
  );

  it.each([
    ["dropped", { action: "drop-before" }],
    ["answered with a gateway's page", { action: "status", status: 502 }],
    ["refused as too many", { action: "status", status: 429, headers: { "Retry-After": "3" } }],
  ])("retries a read that was %s", async (_, fault) => {
    const cloud = cloudWith(simulator.token);
    await control("faults", [
      { match: { method: "GET", path: "/linode/instances" }, ...fault, count: 2 },
    ]);
    expect(await cloud.listVms({}, signal)).toEqual([]);
  });
});
