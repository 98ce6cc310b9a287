import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Check } from "../../../src/doctor/check.ts";
import { checkClock, checkNode, checkReaper } from "../../../src/doctor/local-checks.ts";
import { checkLimits } from "../../../src/doctor/cloud-checks.ts";
import type { CloudReader } from "../../../src/cloud/cloud.ts";
import { makeVmLabel } from "../../../src/journal/label.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/control/start-simulator.ts";
import { speak } from "../fake-terminal.ts";

let cloud: Simulator;
beforeAll(async () => {
  cloud = await startSimulator({
    port: 0,
    speed: 1,
    seed: 1,
    delays: 1,
  });
});
afterAll(() => cloud.close());

const tell = async (path: string, body: unknown, method = "POST"): Promise<void> => {
  const reply = await fetch(`${cloud.url}/simulator/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(reply.ok).toBe(true);
};

const home = (): string => mkdtempSync(join(tmpdir(), "mds-doctor-"));

async function examine(env: Record<string, string>, ...argv: readonly string[]) {
  const folder = home();
  const spoken = await speak(["doctor", "--json", "--api-url", cloud.url, ...argv], {
    MAIDER_SWEEP_STATE: join(folder, "state"),
    MAIDER_SWEEP_DB: join(folder, "db.json"),
    ...env,
  });
  const { checks } = JSON.parse(spoken.stdout) as { checks: Check[] };
  const find = (name: string): Check => {
    const found = checks.find(({ check }) => check === name);
    if (found === undefined) throw new Error(`no check ${name} in ${spoken.stdout}`);
    return found;
  };
  return { ...spoken, checks, find };
}

const planFile = (model: string, region = "us-ord"): string => {
  const file = join(home(), "plan.yaml");
  writeFileSync(
    file,
    `version: 1\nregions: [${region}]\nentries:\n  - gpu: g2-gpu-rtx4000a1-s\n    models: [${model}]\n`,
  );
  return file;
};

describe("doctor", () => {
  it("warns only of the missing reaper when everything else is in order", async () => {
    const { code, checks } = await examine({ LINODE_TOKEN: cloud.token });
    expect(checks.filter(({ state }) => state !== "ok").map(({ check }) => check)).toEqual([
      "reaper",
    ]);
    expect(code).toBe(0);
    expect(Object.keys(checks[0] ?? {})).toEqual(
      expect.arrayContaining(["check", "state", "remedy"]),
    );
  });

  it("reports a missing token and still reads prices", async () => {
    const { code, find } = await examine({}, planFile("Qwen/Qwen2.5-Coder-7B-Instruct-AWQ"));
    expect(code).toBe(4);
    expect(find("token")).toMatchObject({
      state: "problem",
      remedy: expect.stringContaining("LINODE_TOKEN") as string,
    });
    expect(find("prices").state).toBe("ok");
  });

  it("reports an unknown token without printing it", async () => {
    const { find, stdout } = await examine({ LINODE_TOKEN: "not-the-token" });
    expect(find("token").detail).toMatch(/wrong, expired or revoked/);
    expect(stdout).not.toContain("not-the-token");
  });

  it("reports a token file that cannot be read", async () => {
    const { find } = await examine({}, "--token-file", "/no/such/file");
    expect(find("token")).toMatchObject({ state: "problem", detail: "/no/such/file: ENOENT." });
  });

  it("names the scope that is missing", async () => {
    await tell("tokens", {
      token: "half-a-token",
      scopes: "linodes:read_write",
      expiry: null,
      revoked: false,
    });
    const { find } = await examine({ LINODE_TOKEN: "half-a-token" });
    expect(find("token").detail).toContain("firewall:read_write");
  });

  it.each([
    ["in ten minutes", 600_000, "problem", /before the plan ends$/],
    ["in an hour and a half", 5_400_000, "warning", /before the plan ends in the worst case/],
    ["in a week", 604_800_000, "ok", /after the plan ends/],
    ["never", null, "ok", /never/],
  ])(
    "compares a token that expires %s with the plan's duration",
    async (_, leftMs, state, says) => {
      const token = `${String(leftMs)}-is-when-this-token-ends`;
      const expiry = leftMs === null ? null : new Date(Date.now() + leftMs).toISOString();
      const scopes = "linodes:read_write firewall:read_write";
      await tell("tokens", { token, scopes, expiry, revoked: false });
      const plan = planFile("Qwen/Qwen2.5-Coder-7B-Instruct-AWQ");
      const { find, stdout } = await examine({ LINODE_TOKEN: token }, plan);
      expect(find("token expiry")).toMatchObject({
        state,
        detail: expect.stringMatching(says) as string,
      });
      expect(stdout).not.toContain(token);
    },
  );

  it("says that it cannot see the account's interface setting without account:read_only", async () => {
    const token = "a-token-without-the-account";
    const scopes = "linodes:read_write firewall:read_write";
    await tell("tokens", { token, scopes, expiry: null, revoked: false });
    const { code, find } = await examine({ LINODE_TOKEN: token });
    expect(find("interfaces")).toEqual({
      check: "interfaces",
      state: "ok",
      detail: "not checked: needs account:read_only",
      remedy: expect.stringMatching(/Network Interface Type/) as string,
    });
    expect(code).toBe(0);
  });

  it("reports an account that would refuse every VM because it allows Linode Interfaces only", async () => {
    await tell("faults", [
      {
        match: { path: "^/account/settings$" },
        action: "status",
        status: 200,
        body: JSON.stringify({ interfaces_for_new_linodes: "linode_only" }),
      },
    ]);
    const { code, find } = await examine({ LINODE_TOKEN: cloud.token });
    expect(find("interfaces")).toMatchObject({
      state: "problem",
      remedy: expect.stringMatching(/Network Interface Type/) as string,
    });
    expect(code).toBe(4);
    const { find: again } = await examine({ LINODE_TOKEN: cloud.token });
    expect(again("interfaces").detail).toBe("the account allows VMs with a configuration profile");
  });

  it("reports a clock that is wrong", async () => {
    const fast = await startSimulator({ port: 0, speed: 1e6, seed: 1, delays: 1 });
    const { stdout } = await speak(["doctor", "--json", "--api-url", fast.url], {
      MAIDER_SWEEP_STATE: join(home(), "state"),
      MAIDER_SWEEP_DB: join(home(), "db.json"),
      LINODE_TOKEN: fast.token,
    });
    await fast.close();
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    expect(checks).toContainEqual(
      expect.objectContaining({
        check: "clock",
        state: "problem",
        remedy: expect.stringContaining("NTP") as string,
      }),
    );
  });

  it("sends only GET requests", async () => {
    await examine({ LINODE_TOKEN: cloud.token }, planFile("Qwen/Qwen2.5-Coder-7B-Instruct-AWQ"));
    const reply = await fetch(`${cloud.url}/simulator/requests`);
    const { requests } = (await reply.json()) as { requests: { method: string }[] };
    expect(new Set(requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
  });

  it("warns that the plan's type is sold out in the plan's regions", async () => {
    await tell("faults", [{ region: "us-ord", type: "g2-gpu-rtx4000a1-s", action: "no-stock" }]);
    const { find } = await examine(
      { LINODE_TOKEN: cloud.token },
      planFile("Qwen/Qwen2.5-Coder-7B-Instruct-AWQ"),
    );
    await tell("faults", undefined, "DELETE");
    expect(find("stock")).toMatchObject({
      state: "warning",
      detail: "sold out: g2-gpu-rtx4000a1-s in us-ord",
    });
  });

  it.each([
    [{}, "problem"],
    [{ HF_TOKEN: "hf_x" }, "ok"],
    [{ HF_TOKEN: "hf_a\nb" }, "problem"],
  ])("asks for a Hugging Face token when a model is gated (%j)", async (env, state) => {
    const plan = planFile("meta-llama/Llama-3.1-8B-Instruct");
    const { find } = await examine({ LINODE_TOKEN: cloud.token, ...env }, plan);
    expect(find("hugging face").state).toBe(state);
  });

  it.each([
    ["rejects the token", 401, "problem", /rejects the token/],
    ["denies the account access", 403, "problem", /is set, but its account has no access to meta-/],
    ["is unavailable", 503, "warning", /access could not be checked for meta-\S+ \(503\)/],
    ["does not answer", undefined, "warning", /access could not be checked for meta-\S+ \(/],
    ["grants access", 200, "ok", /^access to meta-/],
  ])("reports a Hub that %s", async (_, status, state, says) => {
    const asked: string[] = [];
    const hub = createServer(({ method, url, headers }, reply) => {
      asked.push(`${String(method)} ${String(url)} ${String(headers.authorization)}`);
      if (status === undefined) reply.destroy();
      else reply.writeHead(status).end();
    });
    await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
    const { find, stdout } = await examine(
      {
        LINODE_TOKEN: cloud.token,
        HF_TOKEN: "hf_canary",
        HF_ENDPOINT: `http://127.0.0.1:${String((hub.address() as AddressInfo).port)}`,
      },
      planFile("meta-llama/Llama-3.1-8B-Instruct"),
    );
    await new Promise((resolve) => hub.close(resolve));
    expect(find("hugging face")).toMatchObject({
      state,
      detail: expect.stringMatching(says) as string,
    });
    expect(new Set(asked)).toEqual(
      new Set(["HEAD /meta-llama/Llama-3.1-8B-Instruct/resolve/main/config.json Bearer hf_canary"]),
    );
    expect(stdout).not.toContain("hf_canary");
  });

  it("refuses a state folder that others can write into", async () => {
    const folder = home();
    mkdirSync(join(folder, "open"), { mode: 0o777 });
    chmodSync(join(folder, "open"), 0o777);
    const { find } = await examine({
      LINODE_TOKEN: cloud.token,
      MAIDER_SWEEP_STATE: join(folder, "open"),
    });
    expect(find("state folder")).toMatchObject({
      state: "problem",
      remedy: expect.stringContaining("chmod 700") as string,
    });
  });

  it.each([
    ["below a file", () => join(planFile("m"), "state"), /cannot be written: ENOTDIR/],
    ["where the kernel takes none", () => "/proc/maider-sweep", /cannot be written: ENOENT/],
  ])("finds that the state folder cannot be made %s", async (_, folder, says) => {
    const { find } = await examine({
      LINODE_TOKEN: cloud.token,
      MAIDER_SWEEP_STATE: folder(),
    });
    expect(find("state folder")).toMatchObject({
      state: "problem",
      detail: expect.stringMatching(says) as string,
    });
  });

  it("finds the reaper once it has run", async () => {
    const state = join(home(), "new");
    const env = { LINODE_TOKEN: cloud.token, MAIDER_SWEEP_STATE: state };
    expect((await speak(["reap", "--api-url", cloud.url], env)).code).toBe(0);
    expect((await examine(env)).find("reaper").state).toBe("ok");
    expect(checkReaper(state, Date.now() + 86_400_000).state).toBe("warning");
  });

  it("begins with a verdict, then prints one line for each check, with a remedy below", async () => {
    const { stdout } = await speak(["doctor", "--simulate", cloud.url], {
      MAIDER_SWEEP_STATE: home(),
      MAIDER_SWEEP_DB: join(home(), "db.json"),
    });
    expect(stdout).toMatch(/^Ready, with 1 warning\.\n\nok +node +Node v/);
    expect(stdout).toMatch(/^ok +prices +all \d+ types, \$0\.\d\d to \$\d+\.\d\d an hour$/m);
    expect(stdout).toMatch(/^warning +reaper .*\n +try: /m);
  });
});

describe("a clock", () => {
  it.each([
    [0, 1, "ok"],
    [-14_000, 1, "ok"],
    [60_000, 1, "warning"],
    [-3_600_000, 1, "problem"],
    [60_000, 60, "ok"],
    [undefined, 1, "warning"],
  ])("that is off by %s ms at speed %i is %s", (offset, speed, state) => {
    expect(checkClock(offset, speed).state).toBe(state);
  });
});

it.each([
  ["v20.19.0", "problem"],
  ["v22.22.1", "problem"],
  ["v22.22.2", "ok"],
  ["v23.9.0", "problem"],
  ["v24.15.0", "ok"],
  ["v25.1.0", "problem"],
  ["v26.0.0", "ok"],
])("Node %s is %s", (version, state) => {
  expect(checkNode(version).state).toBe(state);
});

describe("account limits", () => {
  const reader = (labels: readonly string[]): CloudReader =>
    ({
      account: () => Promise.resolve({ balanceUninvoiced: 1_500_000 }),
      listVms: () =>
        Promise.resolve(labels.map((label) => ({ label, type: "g2-gpu-rtx4000a1-s" }))),
    }) as unknown as CloudReader;
  const signal = new AbortController().signal;
  const expiresMs = Date.parse("2026-11-24T12:00:00Z");
  const label = makeVmLabel({ run: "k3xw90ab", seq: 1, nonce: "abcd", expiresMs });

  it("are reported with the GPU VMs that exist", async () => {
    expect(await checkLimits(reader([label]), 3, expiresMs - 1, signal)).toMatchObject({
      state: "ok",
      detail: expect.stringMatching(
        /^GPU VMs on the account: 1; .* up to 3 at a time; \$1\.50 not yet/,
      ) as string,
    });
  });

  it("are a problem while an expired VM of ours still exists", async () => {
    expect(await checkLimits(reader([label]), 3, expiresMs + 1, signal)).toMatchObject({
      state: "problem",
      remedy: "maider-sweep reap",
    });
  });
});
