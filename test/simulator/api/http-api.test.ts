import { describe, expect, it } from "vitest";
import { parseFaults } from "../../../src/simulator/faults/fault-scripts.ts";
import { INSTANCES, runningSimulator } from "../running-simulator.ts";
import { order } from "../test-world.ts";

describe("the HTTP API", () => {
  it("serves v4 and v4beta, nothing without a version, and uses virtual time", async () => {
    const { send } = await runningSimulator();
    for (const version of ["/v4", "/v4beta"])
      expect((await send("GET", `${version}/linode/instances`)).status).toBe(200);
    expect((await send("GET", "/linode/instances")).status).toBe(404);
    const { headers } = await send("GET", "/v4/profile");
    const { now } = (await send("GET", "/simulator/state")).json;
    expect(Math.abs(Date.parse(headers.get("date") ?? "") - Date.parse(now))).toBeLessThan(600_000);
    expect(headers.get("x-oauth-scopes")).toBe("*");
  });

  it("breaks the connection before or after it executes a request", async () => {
    const faults = parseFaults([
      { match: { method: "POST", path: "^/linode/instances$" }, action: "drop-before" },
      {
        match: { method: "POST", path: "^/linode/instances$" },
        nth: 2,
        action: "commit-then-drop",
      },
    ]);
    const { send } = await runningSimulator({ faults });
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

  it("executes a request later, although the connection breaks at once", async () => {
    const faults = parseFaults([
      { match: { method: "POST" }, action: "commit-later", seconds: 100 },
    ]);
    const { send, simulator } = await runningSimulator({ faults });
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

  it("answers late, with a status, with a stale list or for another account", async () => {
    const { send } = await runningSimulator();
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

  it("is down for the seconds of a fault, while the control API answers", async () => {
    const { send } = await runningSimulator();
    await send("POST", "/simulator/faults", [{ match: {}, action: "down", seconds: 500 }]);
    const startMs = Date.parse((await send("GET", "/simulator/state")).json.now);
    await expect(send("GET", INSTANCES)).rejects.toThrow("fetch failed");
    await expect(send("POST", INSTANCES, order())).rejects.toThrow("fetch failed");
    while (!(await send("GET", INSTANCES).catch(() => undefined)));
    const { now, vms } = (await send("GET", "/simulator/state")).json;
    expect(Date.parse(now) - startMs).toBeGreaterThanOrEqual(500_000);
    expect(vms).toEqual([]);

    const busy = { match: {}, action: "down", seconds: 500, status: 503 };
    await send("POST", "/simulator/faults", [busy]);
    expect((await send("GET", INSTANCES)).status).toBe(503);
  });

  it("has a clock that is hours off, in the Date header and in every time of a reply", async () => {
    const { send } = await runningSimulator();
    const fault = { match: {}, action: "clock-off", seconds: -5 * 3_600, count: -1 };
    await send("POST", "/simulator/faults", [fault]);
    const { headers, json } = await send("POST", INSTANCES, order());
    const { vms } = (await send("GET", "/simulator/state")).json;
    const createdMs = Date.parse(vms[0].created);
    expect(Date.parse(`${json.created}Z`)).toBe(
      Math.floor((createdMs - 18_000_000) / 1_000) * 1_000,
    );
    const offsetMs = Date.parse(headers.get("date") ?? "") - createdMs;
    expect(offsetMs).toBeGreaterThan(-18_002_000);
    expect(offsetMs).toBeLessThan(-17_000_000);
    const listed = (await send("GET", INSTANCES)).json.data[0];
    expect(listed.created).toBe(json.created);
  });

  it("refuses a create with 403 and the text of a fault", async () => {
    const { send } = await runningSimulator();
    const body = '{"errors":[{"reason":"Nope, not for you"}]}';
    const create = { method: "POST", path: "^/linode/instances$" };
    await send("POST", "/simulator/faults", [
      { match: create, action: "status", status: 403, body },
    ]);
    expect(await send("POST", INSTANCES, order())).toMatchObject({ status: 403, text: body });
    expect((await send("POST", INSTANCES, order())).status).toBe(200);
  });

  it("runs two worlds at the same time on different addresses", async () => {
    const [one, two] = [await runningSimulator(), await runningSimulator()];
    const address = async ({ send }: typeof one) =>
      (await send("POST", INSTANCES, order())).json.ipv4[0].split(".").slice(0, 3).join(".");
    expect(await address(one)).not.toBe(await address(two));
    expect(one.simulator.world).not.toBe(two.simulator.world);
  });
});
