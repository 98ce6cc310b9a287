import { describe, expect, it } from "vitest";
import { INSTANCES, runningSimulator } from "../running-simulator.ts";
import { order } from "../test-world.ts";

describe("the control API", () => {
  it("lists all VMs and firewalls that ever existed, and the invoice", async () => {
    const { send } = await runningSimulator();
    const { id } = (await send("POST", INSTANCES, order())).json;
    await send("DELETE", `/v4/linode/instances/${id}`);
    const rules = { inbound_policy: "DROP", outbound_policy: "ACCEPT" };
    await send("POST", "/v4beta/networking/firewalls", { label: "wall", rules });
    const state = (await send("GET", "/simulator/state")).json;
    expect(state.vms).toMatchObject([
      {
        id,
        label: "bench-1",
        type: "g2-gpu-rtx4000a1-s",
        region: "us-sea",
        tags: ["maider-sweep"],
        ipv4: expect.stringMatching(/^127\.64\.\d+\.1$/),
        created: expect.stringMatching(/Z$/),
        deleted: expect.stringMatching(/Z$/),
        hours: 1,
        usd: 0.52,
      },
    ]);
    expect(state.firewalls).toMatchObject([{ label: "wall", deleted: null }]);
    expect((await send("GET", "/simulator/invoice")).json).toMatchObject({ usd: 0.52, live: 0 });
    expect((await send("GET", "/simulator/served")).json).toEqual({ requests: [] });
  });

  it("logs every request with its body, without its authorization", async () => {
    const { send, simulator } = await runningSimulator();
    await send("POST", `${INSTANCES}?x=1`, order());
    const { text, json } = await send("GET", "/simulator/requests");
    expect(json.requests).toMatchObject([
      { method: "POST", path: "/linode/instances", query: "?x=1", status: 200 },
    ]);
    expect(JSON.parse(json.requests[0].body)).toEqual(order());
    expect(text).not.toContain(simulator.token);
  });

  it("names the world, its token, its SSH port and the address of its client", async () => {
    const { send, simulator } = await runningSimulator();
    expect((await send("GET", "/simulator/world")).json).toEqual({
      world: simulator.world,
      token: simulator.token,
      ssh_port: 2_222,
      client_cidr: "127.0.0.1/32",
    });
  });

  it("lets a client set the speed once, before the first VM, if it is auto", async () => {
    const { send } = await runningSimulator({ speed: "auto" });
    expect((await send("GET", "/simulator/clock")).json.speed).toBe("auto");
    expect((await send("POST", "/simulator/clock", { speed: 0 })).status).toBe(400);
    const { json } = await send("POST", "/simulator/clock", { speed: 60 });
    expect(json).toMatchObject({ speed: 60, v0: expect.any(Number), w0: expect.any(Number) });
    expect((await send("POST", "/simulator/clock", { speed: 90 })).status).toBe(409);

    const fixed = await runningSimulator({ speed: 50 });
    expect((await fixed.send("POST", "/simulator/clock", { speed: 60 })).status).toBe(409);
    const late = await runningSimulator({ speed: "auto" });
    await late.send("POST", INSTANCES, order());
    expect((await late.send("POST", "/simulator/clock", { speed: 60 })).status).toBe(409);
  });

  it("creates, changes and revokes tokens", async () => {
    const { send, simulator } = await runningSimulator();
    const profile = async () =>
      (await fetch(`${simulator.url}/v4/profile`, { headers: { Authorization: "Bearer other" } }))
        .status;
    const put = (change: object) =>
      send("POST", "/simulator/tokens", { token: "other", ...change });
    expect(await profile()).toBe(401);
    await put({ scopes: "linodes:read_write", expiry: null, revoked: false });
    expect(await profile()).toBe(200);
    expect((await put({ revoked: true })).json).toMatchObject({ scopes: "linodes:read_write" });
    expect(await profile()).toBe(401);
    await put({ revoked: false, expiry: "2020-01-01T00:00:00" });
    expect(await profile()).toBe(401);
  });

  it("refuses an invalid request with the reason", async () => {
    const { send } = await runningSimulator();
    expect((await send("GET", "/simulator/nothing")).status).toBe(404);
    for (const [path, body] of [
      ["price", { type: "g9", hourly: 1 }],
      ["tokens", {}],
      ["faults", [{ match: {} }]],
    ] as const) {
      const { status, json } = await send("POST", `/simulator/${path}`, body);
      expect([status, typeof json.error]).toEqual([400, "string"]);
    }
  });
});
