import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { controlClient, isWorldGone } from "../../../src/simulator/client/control-client.ts";
import { INSTANCES, runningSimulator } from "../running-simulator.ts";
import { order } from "../test-world.ts";

describe("the control API's client", () => {
  it("reads the world, its state, its invoice and its time", async () => {
    const { simulator, send } = await runningSimulator({ speed: 500 });
    const client = controlClient(simulator.url);
    await send("POST", INSTANCES, order());
    expect(await client.world()).toMatchObject({ world: simulator.world, token: simulator.token });
    expect((await client.state()).vms).toMatchObject([{ label: "bench-1", deleted: null }]);
    expect((await client.invoice()).lines).toMatchObject([{ label: "bench-1", usd: 0.52 }]);
    expect((await client.time()).speed).toBe(500);
  });

  it("sets the speed and replaces the faults", async () => {
    const { simulator, send } = await runningSimulator({ speed: "auto" });
    const client = controlClient(simulator.url);
    expect((await client.setSpeed(30)).speed).toBe(30);
    await client.setFaults([{ match: {}, action: "status", status: 500, count: -1 }]);
    expect((await send("GET", INSTANCES)).status).toBe(500);
    await client.setFaults([]);
    expect((await send("GET", INSTANCES)).status).toBe(200);
  });

  it("throws the simulator's reply to a request that it refuses", async () => {
    const { simulator } = await runningSimulator({ speed: 60 });
    await expect(controlClient(simulator.url).setSpeed(30)).rejects.toThrow(
      'it answered 409: {"error":"the speed is set already"}',
    );
  });
});

describe("a world is gone", () => {
  it("if its port is closed, or belongs to another world", async () => {
    const { simulator } = await runningSimulator();
    expect(await isWorldGone(simulator.url, simulator.world)).toBe(false);
    expect(await isWorldGone(simulator.url, "sim-another")).toBe(true);
    await simulator.close();
    expect(await isWorldGone(simulator.url, simulator.world)).toBe(true);
  });

  it("but not if another server answers there", async () => {
    const server = createServer((_request, response) => response.writeHead(503).end());
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as AddressInfo;
    expect(await isWorldGone(`http://127.0.0.1:${port}`, "sim-any")).toBe(false);
    server.close();
  });
});
