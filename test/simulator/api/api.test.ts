import { describe, expect, it } from "vitest";
import { order, START_MS, testWorld } from "../test-world.ts";

describe("tokens", () => {
  const { world, ask, pass } = testWorld();
  const first = (path: string, token: string) => ask("GET", path, undefined, { token });

  it("are not needed for the catalogue, which lists types that are not public only with one", () => {
    expect(first("/linode/types", "").body["results"]).toBe(13);
    expect(ask("GET", "/linode/types").body["results"]).toBeGreaterThan(13);
    for (const path of ["/regions", "/regions/availability"])
      expect(first(path, "").status).toBe(200);
  });

  it("are needed for everything else, and an invalid one is refused everywhere", () => {
    const invalid = { status: 401, body: { errors: [{ reason: "Invalid Token" }] } };
    expect(first("/linode/instances", "")).toMatchObject(invalid);
    expect(first("/profile", "nonsense")).toMatchObject(invalid);
    expect(first("/regions", "nonsense")).toMatchObject(invalid);
  });

  it("permit only what their scopes include, and every reply names the scopes", () => {
    world.tokens.put({ token: "reader", scopes: "linodes:read_only firewall:read_write" });
    const headers = { "X-OAuth-Scopes": "linodes:read_only firewall:read_write" };
    expect(first("/profile", "reader")).toMatchObject({ status: 200, headers });
    expect(first("/linode/instances", "reader").status).toBe(200);
    expect(first("/networking/firewalls", "reader").status).toBe(200);
    const refused = {
      status: 401,
      body: { errors: [{ reason: "Your OAuth token is not authorized to use this endpoint." }] },
    };
    expect(ask("POST", "/linode/instances", order(), { token: "reader" })).toMatchObject({
      ...refused,
      headers: { ...headers, "X-Accepted-OAuth-Scopes": "linodes:read_write" },
    });
    expect(first("/account", "reader")).toMatchObject(refused);
  });

  it("end when they expire or are revoked, and can be restored", async () => {
    world.tokens.put({ token: "short", expiryMs: START_MS + 60_000 });
    expect(first("/profile", "short").status).toBe(200);
    await pass(60);
    expect(first("/profile", "short").status).toBe(401);
    world.tokens.put({ token: "short", expiryMs: undefined });
    expect(first("/profile", "short").status).toBe(200);
    world.tokens.put({ token: "short", revoked: true });
    expect(first("/profile", "short").status).toBe(401);
  });

  it("of another account see nothing of ours", () => {
    const { id } = ask("POST", "/linode/instances", order({ label: "ours" })).body;
    world.tokens.put({ token: "foreign", account: "neighbours" });
    expect(first(`/linode/instances/${id}`, "foreign").status).toBe(404);
    expect(first("/linode/instances", "foreign").body["results"]).toBe(0);
    const remove = ask("DELETE", `/linode/instances/${id}`, undefined, { token: "foreign" });
    expect(remove.status).toBe(404);
    expect(first("/profile", "foreign").body["username"]).toBe("neighbours");
  });
});

describe("lists", () => {
  const { world, ask } = testWorld();
  for (let index = 0; index < 60; index += 1)
    world.vms.create(
      "simulated",
      order({ label: `vm-${index}`, tags: [index < 3 ? "Few" : "many"] }),
    );
  const list = (query: string, filter?: unknown) =>
    ask("GET", `/linode/instances${query}`, undefined, { filter });
  const labels = (filter: unknown): string[] =>
    list("", filter).body["data"].map((vm: { label: string }) => vm.label);

  it("have pages of 25 to 500 rows, 100 by default", () => {
    expect(list("").body).toMatchObject({ page: 1, pages: 1, results: 60 });
    const page = list("?page=3&page_size=25").body;
    expect(page).toMatchObject({ page: 3, pages: 3, results: 60 });
    expect(page["data"]).toHaveLength(10);
    for (const query of ["?page_size=24", "?page_size=501", "?page_size=x", "?page=0"])
      expect(list(query).status).toBe(400);
  });

  it.each<[unknown, string[]]>([
    [{ label: "vm-7" }, ["vm-7"]],
    [{ tags: "few" }, ["vm-0", "vm-1", "vm-2"]],
    [{ label: "VM-1", tags: "few" }, ["vm-1"]],
    [{ label: "vm-7", tags: "few" }, []],
  ])("contain the rows that match the filter %j", (filter, expected) => {
    expect(labels(filter)).toEqual(expected);
  });

  it.each([{ label: { "+contains": "m" } }, "label", [], 1])("refuse the filter %j", (filter) => {
    expect(list("", filter).status).toBe(400);
  });

  it.each(["status", "type", "foo", "constructor"])("cannot be filtered on %s", (key) => {
    expect(list("", { [key]: "running" })).toMatchObject({
      status: 400,
      body: { errors: [{ reason: `Cannot filter on ${key}` }] },
    });
  });

  it("of availability are longer than the largest page, and can be filtered by plan", () => {
    const rows = ask("GET", "/regions/availability?page_size=500").body;
    expect(rows["pages"]).toBeGreaterThanOrEqual(4);
    const of = (filter: unknown) =>
      ask("GET", "/regions/availability", undefined, { filter }).body["data"];
    expect(of({ plan: "g2-gpu-rtx4000a1-s", available: true })).toHaveLength(7);
    expect(of({ plan: "g1-gpu-rtx6000-4", available: true })).toMatchObject([
      { region: "eu-central" },
    ]);
  });

  it("of availability show a region as sold out, unless the list is stale", () => {
    const world = testWorld();
    const plan = "g2-gpu-rtx4000a1-s";
    const available = () =>
      world.ask("GET", "/regions/availability", undefined, { filter: { plan, region: "us-ord" } })
        .body["data"][0].available;
    expect(available()).toBe(true);
    world.world.addStockFaults([{ action: "no-stock", region: "us-ord", advertised: true }]);
    expect(available()).toBe(true);
    world.world.addStockFaults([{ action: "no-stock", type: plan }]);
    expect(available()).toBe(false);
  });

  it("of regions have 33 rows, 21 with GPUs, but us-iad-2 does not advertise them", () => {
    const { data } = ask("GET", "/regions").body as {
      data: { id: string; capabilities: string[] }[];
    };
    const gpu = data.filter((region) => region.capabilities.includes("GPU Linodes"));
    expect([data.length, gpu.length]).toEqual([33, 21]);
    expect(gpu.map((region) => region.id)).not.toContain("us-iad-2");
  });
});

describe("rate limits", () => {
  it("are in the headers of every reply", () => {
    const { headers } = testWorld().ask("GET", "/profile");
    expect(headers).toMatchObject({
      "X-RateLimit-Limit": "1840",
      "X-RateLimit-Remaining": "1839",
      "X-RateLimit-Reset": String(START_MS / 1_000 + 60),
    });
  });

  it("refuse the 21st create within 15 seconds, with the time to wait", async () => {
    const { ask, pass } = testWorld();
    const create = (label: string) => ask("POST", "/linode/instances", order({ label }));
    for (let index = 0; index < 20; index += 1) expect(create(`vm-${index}`).status).toBe(200);
    await pass(5);
    expect(create("late")).toMatchObject({
      status: 429,
      headers: { "Retry-After": "10", "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0" },
      body: { errors: [{ reason: "Too many requests" }] },
    });
    expect(ask("GET", "/linode/instances").body["results"]).toBe(20);
    await pass(10);
    expect(create("late").status).toBe(200);
  });

  it("count all tokens of a user together", () => {
    const { world, ask } = testWorld();
    world.tokens.put({ token: "second" });
    ask("GET", "/profile");
    expect(
      ask("GET", "/profile", undefined, { token: "second" }).headers["X-RateLimit-Remaining"],
    ).toBe("1838");
  });
});

describe("the rest of the API", () => {
  it("answers 404 for an unknown path, 405 for an unsupported method, 400 for invalid JSON", () => {
    const { ask, api } = testWorld();
    expect(ask("GET", "/linode/instances/x").status).toBe(404);
    expect(ask("GET", "/linode/kernels").status).toBe(404);
    expect(ask("PUT", "/regions").status).toBe(405);
    const broken = {
      method: "POST",
      path: "/linode/instances",
      query: new URLSearchParams(),
      authorization: `Bearer ${"t".repeat(64)}`,
      filter: undefined,
      body: "{",
      from: "127.0.0.1",
    };
    expect(api(broken).status).toBe(400);
  });

  it("has prices of Blackwell types by region", () => {
    const { body } = testWorld().ask("GET", "/linode/types/g3-gpu-rtxpro6000-blackwell-1");
    const dearer = body["region_prices"].map((price: { id: string }) => price.id);
    expect(dearer).toEqual(["id-cgk", "br-gru"]);
  });
});
