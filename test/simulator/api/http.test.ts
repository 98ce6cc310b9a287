import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { parseFaults } from "../../../src/simulator/faults/faults.ts";
import {
  type ProcessOptions,
  runSimulatorProcess,
} from "../../../src/simulator/control/simulator-process.ts";
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../../src/simulator/control/start-simulator.ts";
import { order, recordingMachines } from "../test-world.ts";

const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

async function start(changes: Partial<SimulatorOptions> = {}) {
  const simulator = await startSimulator({
    port: 0,
    speed: 1_000,
    seed: 1,
    delays: 0.2,
    createSshMachines: recordingMachines,
    ...changes,
  });
  open.push(simulator);
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${simulator.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${simulator.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return { simulator, send };
}

function parse(text: string) {
  return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined;
}

const INSTANCES = "/v4beta/linode/instances";

describe("the HTTP side", () => {
  it("serves v4 and v4beta, nothing without a version, and stamps with virtual time", async () => {
    const { send } = await start();
    for (const version of ["/v4", "/v4beta"])
      expect((await send("GET", `${version}/linode/instances`)).status).toBe(200);
    expect((await send("GET", "/linode/instances")).status).toBe(404);
    const { headers } = await send("GET", "/v4/profile");
    const { now } = (await send("GET", "/simulator/state")).json;
    expect(Math.abs(Date.parse(headers.get("date") ?? "") - Date.parse(now))).toBeLessThan(600_000);
    expect(headers.get("x-oauth-scopes")).toBe("*");
  });

  it("breaks the connection before, or after it did what was asked", async () => {
    const faults = parseFaults([
      { match: { method: "POST", path: "^/linode/instances$" }, action: "drop-before" },
      {
        match: { method: "POST", path: "^/linode/instances$" },
        nth: 2,
        action: "commit-then-drop",
      },
    ]);
    const { send } = await start({ faults });
    await expect(send("POST", INSTANCES, order({ label: "first" }))).rejects.toThrow(
      "fetch failed",
    );
    await expect(send("POST", INSTANCES, order({ label: "second" }))).rejects.toThrow(
      "fetch failed",
    );
    const { data } = (await send("GET", INSTANCES)).json;
    expect(data.map((vm: { label: string }) => vm.label)).toEqual(["second"]);
    const { requests } = (await send("GET", "/simulator/requests")).json;
    expect(requests.map((request: { status: number }) => request.status)).toEqual([0, 0, 200]);
  });

  it("does it later, though the answer is lost at once", async () => {
    const faults = parseFaults([
      { match: { method: "POST" }, action: "commit-later", seconds: 100 },
    ]);
    const { send, simulator } = await start({ faults });
    await expect(send("POST", INSTANCES, order())).rejects.toThrow("fetch failed");
    expect(simulator.isInUse()).toBe(true);
    const results = async () => (await send("GET", INSTANCES)).json.results;
    const first = await results();
    while ((await results()) === 0);
    const [vm] = (await send("GET", "/simulator/state")).json.vms;
    const [post] = (await send("GET", "/simulator/requests")).json.requests;
    expect(first).toBe(0);
    expect(Date.parse(vm.created) - Date.parse(post.at)).toBeGreaterThanOrEqual(100_000);
  });

  it("answers late, with a status, from an old list or from another account", async () => {
    const { send } = await start();
    const { id } = (await send("POST", INSTANCES, order())).json;
    const under = async (fault: object, path: string) => {
      await send("POST", "/simulator/faults", [{ match: { method: "GET" }, ...fault }]);
      return send("GET", path);
    };
    const before = (await send("GET", "/simulator/state")).json.now;
    await under({ action: "delay", seconds: 50 }, INSTANCES);
    const after = (await send("GET", "/simulator/state")).json.now;
    expect(Date.parse(after) - Date.parse(before)).toBeGreaterThanOrEqual(50_000);

    const gateway = await under({ action: "status", status: 502 }, INSTANCES);
    expect([gateway.status, gateway.headers.get("content-type")]).toEqual([502, "text/html"]);
    const limited = await under(
      { action: "status", status: 429, headers: { "Retry-After": "-1509450059" } },
      INSTANCES,
    );
    expect(limited.headers.get("retry-after")).toBe("-1509450059");
    expect(limited.json).toEqual({ errors: [{ reason: "Too many requests" }] });
    const own = await under({ action: "status", status: 400, body: "<html>nginx" }, INSTANCES);
    expect([own.status, own.text]).toEqual([400, "<html>nginx"]);

    const stale = await under({ action: "stale-list", seconds: 1e6 }, INSTANCES);
    expect(stale.json.results).toBe(0);
    const foreign = await under({ action: "wrong-account" }, `/v4/linode/instances/${id}`);
    expect(foreign.status).toBe(404);
    expect((await send("GET", `/v4/linode/instances/${id}`)).status).toBe(200);

    await send("POST", "/simulator/faults", [
      { match: {}, action: "status", status: 500, count: -1 },
      { action: "no-stock" },
    ]);
    expect((await send("GET", INSTANCES)).status).toBe(500);
    await send("DELETE", "/simulator/faults");
    expect((await send("POST", INSTANCES, order({ label: "again" }))).status).toBe(200);
  });

  it("lets two worlds stand side by side on addresses of their own", async () => {
    const [one, two] = [await start(), await start()];
    const address = async ({ send }: typeof one) =>
      (await send("POST", INSTANCES, order())).json.ipv4[0].split(".").slice(0, 3).join(".");
    expect(await address(one)).not.toBe(await address(two));
    expect(one.simulator.world).not.toBe(two.simulator.world);
  });
});

describe("the side door", () => {
  it("tells all that ever was, and the bill", async () => {
    const { send } = await start();
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

  it("keeps every request with its body and without its authorization", async () => {
    const { send, simulator } = await start();
    await send("POST", `${INSTANCES}?x=1`, order());
    const { text, json } = await send("GET", "/simulator/requests");
    expect(json.requests).toMatchObject([
      { method: "POST", path: "/linode/instances", query: "?x=1", status: 200 },
    ]);
    expect(JSON.parse(json.requests[0].body)).toEqual(order());
    expect(text).not.toContain(simulator.token);
  });

  it("names the world, its token and its SSH port", async () => {
    const { send, simulator } = await start();
    expect((await send("GET", "/simulator/world")).json).toEqual({
      world: simulator.world,
      token: simulator.token,
      ssh_port: 2_222,
    });
  });

  it("lets the speed be chosen once, before the first VM, where it was left open", async () => {
    const { send } = await start({ speed: "auto" });
    expect((await send("GET", "/simulator/clock")).json.speed).toBe("auto");
    expect((await send("POST", "/simulator/clock", { speed: 0 })).status).toBe(400);
    const { json } = await send("POST", "/simulator/clock", { speed: 60 });
    expect(json).toMatchObject({ speed: 60, v0: expect.any(Number), w0: expect.any(Number) });
    expect((await send("POST", "/simulator/clock", { speed: 90 })).status).toBe(409);

    const fixed = await start({ speed: 50 });
    expect((await fixed.send("POST", "/simulator/clock", { speed: 60 })).status).toBe(409);
    const late = await start({ speed: "auto" });
    await late.send("POST", INSTANCES, order());
    expect((await late.send("POST", "/simulator/clock", { speed: 60 })).status).toBe(409);
  });

  it("makes, changes and revokes tokens", async () => {
    const { send, simulator } = await start();
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

  it("refuses what it does not understand, and says why", async () => {
    const { send } = await start();
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

describe("the simulator's process", () => {
  const options: ProcessOptions = {
    port: 0,
    speed: "auto",
    seed: 1,
    delays: 1,
    createSshMachines: recordingMachines,
  };

  const run = (changes: Partial<ProcessOptions>, signal: AbortSignal, stdout = new PassThrough()) =>
    runSimulatorProcess(
      { ...options, ...changes },
      { stdin: new PassThrough(), stdout, lease: false, signal },
    );

  it("prints one line when it is ready and ends when it is told to", async () => {
    const stdout = new PassThrough();
    const told = new AbortController();
    const ended = run({}, told.signal, stdout);
    const line = String(await new Promise((resolve) => stdout.once("data", resolve)));
    expect(line).toMatch(/^[^\n]*\n$/);
    const ready = JSON.parse(line);
    expect(Object.keys(ready)).toEqual(["url", "token", "world", "ssh_port", "speed"]);
    expect(ready.speed).toBe("auto");
    expect((await fetch(`${ready.url}/simulator/world`)).status).toBe(200);
    told.abort();
    await ended;
    await expect(fetch(`${ready.url}/simulator/world`)).rejects.toThrow("fetch failed");
  });

  it("says what is wrong with its fault scripts, or that its port is taken", async () => {
    const { simulator } = await start();
    const never = new AbortController().signal;
    await expect(run({ faults: [{ match: {}, action: "explode" }] }, never)).rejects.toMatchObject({
      exitCode: 2,
      reason: expect.stringContaining("fault 1"),
    });
    const port = Number(new URL(simulator.url).port);
    await expect(run({ port }, never)).rejects.toMatchObject({
      exitCode: 2,
      reason: expect.stringContaining("EADDRINUSE"),
    });
  });
});
