import { http, HttpResponse, type JsonBodyType } from "msw";
import { setupServer } from "msw/node";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CloudError } from "../../src/cloud/cloud.ts";
import { createLinodeCloud, createLinodeReader } from "../../src/cloud/linode-cloud.ts";
import { jumpingClock } from "./jumping-clock.ts";
import {
  ACCOUNT_REPLY,
  errorsReply,
  FIREWALL_REPLY,
  pageReply,
  PROFILE_REPLY,
  TYPES_REPLY,
  VM_REPLY,
} from "./linode-replies.ts";

const API = "https://api.linode.com";
const TOKEN = "t0ken-canary-".repeat(4);
const START_MS = Date.parse("2026-11-24T10:00:00Z");
const signal = new AbortController().signal;

const server = setupServer();
const seen: Request[] = [];
server.events.on("request:start", ({ request }) => {
  seen.push(request.clone());
});
beforeAll(() => {
  server.listen({ onUnhandledFrame: "error" });
});
afterEach(() => {
  server.resetHandlers();
  seen.length = 0;
});
afterAll(() => {
  server.close();
});

function setUp(token = TOKEN) {
  const clock = jumpingClock(START_MS);
  return { clock, cloud: createLinodeCloud({ apiUrl: API, token, clock }) };
}
const json = (body: object, init: { status?: number; headers?: Record<string, string> } = {}) =>
  HttpResponse.json(body as JsonBodyType, init);
const caught = async (promise: Promise<unknown>): Promise<CloudError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CloudError);
  return error as CloudError;
};

const NEW_VM = {
  label: "mds-k3v9q2ab-001-x7f2-xt5k2s0",
  type: "g2-gpu-rtx4000a1-s",
  region: "us-sea",
  image: "linode/ubuntu24.04",
  rootPassword: "r00t-canary-".repeat(3),
  authorizedKeys: ["ssh-ed25519 AAAA test"],
  userData: "#cloud-config\nssh_deletekeys: true # user-data-canary",
  firewallId: 77,
  tags: ["maider-sweep"],
};

describe("creating", () => {
  it("sends one request with firewall and keys, and reads the reply", async () => {
    server.use(http.post(`${API}/v4beta/linode/instances`, () => json(VM_REPLY)));
    const vm = await setUp().cloud.createVm(NEW_VM);
    expect(vm).toMatchObject({ id: 4_242, ipv4: "203.0.113.20", status: "provisioning" });
    expect(seen).toHaveLength(1);
    expect(await seen[0]?.json()).toEqual({
      label: NEW_VM.label,
      type: "g2-gpu-rtx4000a1-s",
      region: "us-sea",
      image: "linode/ubuntu24.04",
      root_pass: NEW_VM.rootPassword,
      authorized_keys: NEW_VM.authorizedKeys,
      metadata: { user_data: Buffer.from(NEW_VM.userData).toString("base64") },
      tags: ["maider-sweep"],
      booted: true,
      backups_enabled: false,
      interface_generation: "legacy_config",
      firewall_id: 77,
    });
  });

  it("sends our user agent and the token", async () => {
    server.use(http.post(`${API}/v4beta/linode/instances`, () => json(VM_REPLY)));
    await setUp().cloud.createVm(NEW_VM);
    expect(seen[0]?.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
    expect(seen[0]?.headers.get("user-agent")).toMatch(/^maider-sweep\/\d+\.\d+\.\d+$/);
  });

  it.each([500, 502, 503, 408, 429])("is never retried, not even after %i", async (status) => {
    server.use(
      http.post(`${API}/v4beta/linode/instances`, () => json(errorsReply("later"), { status })),
    );
    const { cloud, clock } = setUp();
    expect((await caught(cloud.createVm(NEW_VM))).sent).toBe(true);
    expect(seen).toHaveLength(1);
    expect(clock.waits).toEqual([]);
  });

  it("with an unreadable reply may have taken effect", async () => {
    server.use(
      http.post(`${API}/v4beta/linode/instances`, () => HttpResponse.html("<p>Welcome</p>")),
    );
    const error = await caught(setUp().cloud.createVm(NEW_VM));
    expect(error).toMatchObject({ kind: "transient", sent: true });
  });

  it("with one byte too much of user-data is refused before it is sent", async () => {
    server.use(http.post(`${API}/v4beta/linode/instances`, () => json(VM_REPLY)));
    const { cloud } = setUp();
    const error = await caught(cloud.createVm({ ...NEW_VM, userData: "é".repeat(8_193) }));
    expect(error).toMatchObject({ kind: "validation", sent: false });
    expect(seen).toHaveLength(0);
    await cloud.createVm({ ...NEW_VM, userData: "é".repeat(8_192) });
  });

  it("that the SDK itself refuses is not sent", async () => {
    const error = await caught(setUp().cloud.createVm({ ...NEW_VM, label: "x" }));
    expect(error).toMatchObject({ kind: "validation", sent: false });
  });

  it("reports tags of a restricted user as a validation error", async () => {
    const reason = "You must be an unrestricted User in order to add or modify tags on Linodes.";
    server.use(
      http.post(`${API}/v4beta/linode/instances`, () => json(errorsReply(reason), { status: 403 })),
    );
    const error = await caught(setUp().cloud.createVm(NEW_VM));
    expect(error.kind).toBe("validation");
    expect(error.message).toContain(reason);
  });

  it("leaves no secret in an error, even if the API repeats it", async () => {
    const echo = [TOKEN, NEW_VM.rootPassword, NEW_VM.userData].join(" ");
    const encoded = Buffer.from(NEW_VM.userData).toString("base64");
    server.use(
      http.post(`${API}/v4beta/linode/instances`, () =>
        json(errorsReply(`bad: ${echo} ${encoded}`), { status: 400 }),
      ),
    );
    const error = await caught(setUp().cloud.createVm(NEW_VM));
    const everything = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error);
    for (const secret of ["canary", encoded.slice(4, -4)]) {
      expect(everything).not.toContain(secret);
    }
  });
});

describe("a firewall", () => {
  it("admits SSH from its ranges and nothing else", async () => {
    server.use(http.post(`${API}/v4beta/networking/firewalls`, () => json(FIREWALL_REPLY)));
    const firewall = await setUp().cloud.createFirewall({
      label: "mds-k3v9q2ab-xt5k2s0",
      sshCidrs: ["203.0.113.7/32", "2001:db8::1/128", "198.51.100.0/24"],
      tags: [],
    });
    expect(firewall).toMatchObject({ id: 77, label: "mds-k3v9q2ab-xt5k2s0" });
    expect(await seen[0]?.json()).toMatchObject({
      label: "mds-k3v9q2ab-xt5k2s0",
      rules: {
        inbound_policy: "DROP",
        inbound: [
          {
            action: "ACCEPT",
            protocol: "TCP",
            ports: "22",
            addresses: {
              ipv4: ["203.0.113.7/32", "198.51.100.0/24"],
              ipv6: ["2001:db8::1/128"],
            },
          },
        ],
        outbound_policy: "ACCEPT",
      },
    });
  });
  it("omits an address family without ranges", async () => {
    server.use(http.post(`${API}/v4beta/networking/firewalls`, () => json(FIREWALL_REPLY)));
    await setUp().cloud.createFirewall({ label: "mds-a-x1", sshCidrs: ["::1/128"], tags: [] });
    const body = (await seen[0]?.json()) as { rules: { inbound: { addresses: object }[] } };
    expect(body.rules.inbound[0]?.addresses).toEqual({ ipv6: ["::1/128"] });
  });
});

describe("deleting", () => {
  it("succeeds with 200 and with the API's own 404", async () => {
    const { cloud } = setUp();
    server.use(
      http.delete(`${API}/v4/linode/instances/1`, () => json({})),
      http.delete(`${API}/v4/linode/instances/2`, () =>
        json(errorsReply("Not found"), { status: 404 }),
      ),
      http.delete(`${API}/v4beta/networking/firewalls/3`, () => json({})),
      http.delete(`${API}/v4beta/networking/firewalls/4`, () =>
        json(errorsReply("Not found"), { status: 404 }),
      ),
    );
    await cloud.deleteVm(1);
    await cloud.deleteVm(2);
    await cloud.deleteFirewall(3);
    await cloud.deleteFirewall(4);
    expect(seen.map((request) => request.method)).toEqual(Array(4).fill("DELETE"));
  });
  it.each([
    ["another's 404 page", () => HttpResponse.html("<h1>404</h1>", { status: 404 }), "transient"],
    ["a login page", () => HttpResponse.html("<h1>Log in</h1>"), "transient"],
    ["a busy VM", () => json(errorsReply("Linode busy."), { status: 400 }), "busy"],
    ["a dead token", () => json(errorsReply("Invalid Token"), { status: 401 }), "token"],
  ] as const)("fails with %s", async (_, answer, kind) => {
    server.use(http.delete(`${API}/v4/linode/instances/1`, answer));
    expect((await caught(setUp().cloud.deleteVm(1))).kind).toBe(kind);
    expect(seen).toHaveLength(1);
  });
});

it("boots and reboots", async () => {
  server.use(
    http.post(`${API}/v4/linode/instances/1/reboot`, () => json({})),
    http.post(`${API}/v4/linode/instances/1/boot`, () => json({})),
  );
  const { cloud } = setUp();
  await cloud.rebootVm(1);
  await cloud.bootVm(1);
  expect(seen).toHaveLength(2);
});

describe("reading a VM", () => {
  it("returns undefined only for the API's own 404", async () => {
    server.use(
      http.get(`${API}/v4beta/linode/instances/1`, () =>
        json(errorsReply("Not found"), { status: 404 }),
      ),
      http.get(`${API}/v4beta/linode/instances/2`, () =>
        HttpResponse.html("<h1>404</h1>", { status: 404 }),
      ),
    );
    const { cloud } = setUp();
    expect(await cloud.getVm(1, signal)).toBeUndefined();
    expect((await caught(cloud.getVm(2, signal))).kind).toBe("transient");
  });
});

describe("lists", () => {
  const vms = Array.from({ length: 1_250 }, (_, index) => ({
    ...VM_REPLY,
    id: index + 1,
    label: `vm-${String(index)}`,
  }));
  const servePages = (path: string, rows: () => readonly object[]) =>
    http.get(`${API}/v4beta/${path}`, ({ request }) => {
      const query = new URL(request.url).searchParams;
      return json(pageReply(rows(), Number(query.get("page")), Number(query.get("page_size"))));
    });

  it("are read from all pages", async () => {
    server.use(servePages("linode/instances", () => vms));
    const { cloud } = setUp();
    expect((await cloud.listVms({}, signal)).map((vm) => vm.id)).toEqual(vms.map((vm) => vm.id));
    expect(seen).toHaveLength(3);
    expect(seen[0]?.headers.has("x-filter")).toBe(false);
  });

  it("are read again if a row disappeared meanwhile, so that none is missed", async () => {
    let reads = 0;
    server.use(servePages("linode/instances", () => (++reads > 1 ? vms.slice(1) : vms)));
    const listed = await setUp().cloud.listVms({}, signal);
    expect(listed.map((vm) => vm.id)).toEqual(vms.slice(1).map((vm) => vm.id));
  });

  it("that keep changing are an error", async () => {
    let reads = 0;
    server.use(servePages("linode/instances", () => vms.slice(reads++)));
    expect((await caught(setUp().cloud.listVms({}, signal))).kind).toBe("transient");
  });

  it("by label use the API's filter and return only exact matches", async () => {
    const rows = [
      { ...VM_REPLY, id: 1, label: "mds-a" },
      { ...VM_REPLY, id: 2, label: "mds-ab" },
    ];
    server.use(
      servePages("linode/instances", () => rows),
      servePages("networking/firewalls", () => rows),
    );
    const { cloud } = setUp();
    expect((await cloud.listVms({ label: "mds-a" }, signal)).map((vm) => vm.id)).toEqual([1]);
    expect((await cloud.listFirewalls({ label: "mds-ab" }, signal)).map((f) => f.id)).toEqual([2]);
    expect(seen[0]?.headers.get("x-filter")).toBe('{"label":"mds-a"}');
  });

  it("without rows are an error, not an empty list", async () => {
    server.use(http.get(`${API}/v4beta/linode/instances`, () => json({ message: "hello" })));
    expect((await caught(setUp().cloud.listVms({}, signal))).kind).toBe("transient");
  });
});

describe("retrying a read", () => {
  const failing = (times: number, fail: () => Response) => {
    let calls = 0;
    return http.get(`${API}/v4beta/linode/instances/1`, () =>
      ++calls <= times ? fail() : json(VM_REPLY),
    );
  };
  const busy = () => json(errorsReply("Internal server error"), { status: 500 });

  it("continues until it succeeds, with growing, random pauses", async () => {
    server.use(failing(5, busy));
    const { cloud, clock } = setUp();
    expect((await cloud.getVm(1, signal))?.id).toBe(4_242);
    expect(clock.waits).toHaveLength(5);
    for (const [attempt, wait] of clock.waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(500 * 2 ** attempt);
    }
  });

  it("ends after five minutes with the last error", async () => {
    server.use(failing(Infinity, busy));
    const { cloud, clock } = setUp();
    expect(await caught(cloud.getVm(1, signal))).toMatchObject({ kind: "transient", status: 500 });
    expect(clock.now() - START_MS).toBeLessThanOrEqual(300_000);
    expect(clock.now() - START_MS).toBeGreaterThan(240_000);
    expect(Math.max(...clock.waits)).toBeLessThanOrEqual(30_000);
  });

  it("waits as long as the API asks", async () => {
    const limited = () =>
      json(errorsReply("Too many requests"), { status: 429, headers: { "Retry-After": "40" } });
    server.use(failing(1, limited));
    const { cloud, clock } = setUp();
    await cloud.getVm(1, signal);
    expect(clock.waits[0]).toBeGreaterThanOrEqual(40_000);
    expect(clock.waits[0]).toBeLessThanOrEqual(40_500);
  });

  it("ignores an implausible wait", async () => {
    const limited = () =>
      json(errorsReply("Too many requests"), {
        status: 429,
        headers: { "Retry-After": "-1509450059", "X-RateLimit-Reset": "-1" },
      });
    server.use(failing(1, limited));
    const { cloud, clock } = setUp();
    await cloud.getVm(1, signal);
    expect(clock.waits[0]).toBeLessThanOrEqual(500);
  });

  it("pauses even if the API allows an immediate retry", async () => {
    const limited = () =>
      json(errorsReply("Too many requests"), { status: 429, headers: { "Retry-After": "0" } });
    server.use(failing(Infinity, limited));
    const { cloud } = setUp();
    await caught(cloud.getVm(1, signal));
    expect(seen.length).toBeLessThan(80);
  });

  it.each([
    [401, "Invalid Token", "token"],
    [403, "Unauthorized", "forbidden"],
    [400, "Cannot filter on foo", "validation"],
  ] as const)("does not happen after %i %s", async (status, reason, kind) => {
    server.use(failing(1, () => json(errorsReply(reason), { status })));
    expect((await caught(setUp().cloud.getVm(1, signal))).kind).toBe(kind);
    expect(seen).toHaveLength(1);
  });

  it("ends after a configured time", async () => {
    server.use(failing(Infinity, busy));
    const clock = jumpingClock(START_MS);
    const reader = createLinodeReader({ apiUrl: API, token: TOKEN, clock, patienceMs: 5_000 });
    await caught(reader.getVm(1, signal));
    expect(clock.now() - START_MS).toBeLessThanOrEqual(5_000);
  });

  it("ends at once when the signal is aborted, with its reason", async () => {
    const stop = new AbortController();
    const reason = new Error("SIGINT");
    server.use(
      failing(Infinity, () => {
        stop.abort(reason);
        return busy();
      }),
    );
    await expect(setUp().cloud.getVm(1, stop.signal)).rejects.toBe(reason);
    expect(seen).toHaveLength(1);
  });

  it("does not start if the signal is already aborted", async () => {
    const reason = new Error("SIGINT");
    await expect(setUp().cloud.getVm(1, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(seen).toHaveLength(0);
  });
});

describe("prices and stock", () => {
  const publicEndpoints = [
    http.get(`${API}/v4/linode/types`, () => json(pageReply(TYPES_REPLY))),
    http.get(`${API}/v4beta/regions/availability`, ({ request }) => {
      const rows = Array.from({ length: 1_600 }, (_, index) => ({
        region: "us-sea",
        plan: `plan-${String(index)}`,
        available: index % 2 === 0,
      }));
      return json(pageReply(rows, Number(new URL(request.url).searchParams.get("page"))));
    }),
  ];

  it("are read from all pages with the token, since some types are not public", async () => {
    server.use(...publicEndpoints);
    const { cloud } = setUp();
    expect((await cloud.prices(signal)).map((price) => price.id)).toEqual([
      "g2-gpu-rtx4000a1-s",
      "g3-gpu-rtxpro6000-blackwell-1",
    ]);
    const stock = await cloud.availability(signal);
    expect(stock).toHaveLength(1_600);
    expect(stock[1_599]).toEqual({ region: "us-sea", type: "plan-1599", available: false });
    expect(seen.every((request) => request.headers.has("authorization"))).toBe(true);
  });

  it("can be read without a token, unlike anything else", async () => {
    server.use(...publicEndpoints);
    const reader = createLinodeReader({
      apiUrl: API,
      token: undefined,
      clock: jumpingClock(START_MS),
    });
    expect(await reader.prices(signal)).toHaveLength(2);
    expect(await reader.availability(signal)).toHaveLength(1_600);
    expect(seen.some((request) => request.headers.has("authorization"))).toBe(false);
    for (const ask of [
      reader.account(signal),
      reader.listVms({}, signal),
      reader.listFirewalls({}, signal),
      reader.getVm(1, signal),
    ]) {
      expect(await caught(ask)).toMatchObject({ kind: "token", sent: false });
    }
  });
});

it("a reader has no method that writes", () => {
  const options = { apiUrl: API, token: TOKEN, clock: jumpingClock(START_MS) };
  expect(Object.keys(createLinodeReader(options)).sort()).toEqual([
    "account",
    "availability",
    "clockOffsetMs",
    "getVm",
    "listFirewalls",
    "listVms",
    "prices",
  ]);
});

describe("the account", () => {
  const profile = (scopes: string | undefined, username = "someone") =>
    http.get(`${API}/v4/profile`, () =>
      json(
        { ...PROFILE_REPLY, username },
        scopes === undefined ? {} : { headers: { "X-OAuth-Scopes": scopes } },
      ),
    );
  const info = http.get(`${API}/v4beta/account`, () => json(ACCOUNT_REPLY));
  const noScope = json.bind(
    undefined,
    errorsReply("Your OAuth token is not authorized to use this endpoint."),
  );

  it("has the user, the scopes, and the charges not yet invoiced", async () => {
    server.use(profile("*"), info);
    expect(await setUp().cloud.account(signal)).toEqual({
      username: "someone",
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      scopes: ["*"],
      balanceUninvoiced: 12_345_000,
    });
  });

  it("is read without its balance if the scope is missing", async () => {
    server.use(profile("linodes:read_write firewall:read_write"));
    expect(await setUp().cloud.account(signal)).toMatchObject({
      scopes: ["linodes:read_write", "firewall:read_write"],
      balanceUninvoiced: undefined,
    });
  });

  it("is read without its balance for a restricted user", async () => {
    server.use(
      profile("*"),
      http.get(`${API}/v4beta/account`, () => json(errorsReply("Unauthorized"), { status: 403 })),
    );
    expect((await setUp().cloud.account(signal)).balanceUninvoiced).toBeUndefined();
  });

  it("has the same fingerprint with any scopes, and another one for another user", async () => {
    const fingerprint = async () => (await setUp().cloud.account(signal)).fingerprint;
    server.use(profile("*"), info);
    const strong = await fingerprint();
    server.use(profile("linodes:read_write"));
    expect(await fingerprint()).toBe(strong);
    server.use(profile("linodes:read_write", "someone-else"));
    expect(await fingerprint()).not.toBe(strong);
  });

  it("of a token that cannot read its profile still has scopes and a fingerprint", async () => {
    server.use(
      http.get(`${API}/v4/profile`, () =>
        noScope({ status: 401, headers: { "X-OAuth-Scopes": "images:read_only" } }),
      ),
    );
    const account = await setUp().cloud.account(signal);
    expect(account).toMatchObject({ username: "", scopes: ["images:read_only"] });
    expect(account.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it("counts as having all scopes if the API does not name them", async () => {
    server.use(profile(undefined), info);
    expect((await setUp().cloud.account(signal)).scopes).toEqual(["*"]);
  });

  it("of a wrong token is an error", async () => {
    server.use(
      http.get(`${API}/v4/profile`, () => json(errorsReply("Invalid Token"), { status: 401 })),
    );
    expect((await caught(setUp().cloud.account(signal))).kind).toBe("token");
  });
});

it("the clock's offset is read from refusals too", async () => {
  const { cloud } = setUp();
  expect(cloud.clockOffsetMs()).toBeUndefined();
  server.use(
    http.get(`${API}/v4beta/linode/instances/1`, () =>
      json(errorsReply("Not found"), {
        status: 404,
        headers: { Date: "Tue, 24 Nov 2026 10:00:42 GMT" },
      }),
    ),
  );
  await cloud.getVm(1, signal);
  expect(cloud.clockOffsetMs()).toBe(42_000);
});

it("two clouds in one process keep their own tokens and addresses, though they share the SDK", async () => {
  const tokens = new Map<string, string | null>();
  const answer = ({ request }: { request: Request }) => {
    tokens.set(new URL(request.url).host, request.headers.get("authorization"));
    return json(VM_REPLY);
  };
  server.use(
    http.get(`${API}/v4beta/linode/instances/1`, answer),
    http.get("https://other.example/v4beta/linode/instances/1", answer),
  );
  const clock = jumpingClock(START_MS);
  const other = createLinodeCloud({
    apiUrl: "https://other.example/v4/",
    token: "other-token",
    clock,
  });
  await Promise.all([setUp().cloud.getVm(1, signal), other.getVm(1, signal)]);
  expect(Object.fromEntries(tokens)).toEqual({
    "api.linode.com": `Bearer ${TOKEN}`,
    "other.example": "Bearer other-token",
  });
});

it("does not follow a redirect with the token", async () => {
  server.use(
    http.get(
      `${API}/v4beta/linode/instances/1`,
      () => new HttpResponse(null, { status: 302, headers: { Location: "https://evil.example/" } }),
    ),
  );
  expect((await caught(setUp().cloud.getVm(1, signal))).kind).toBe("transient");
});
