import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { makeFirewallLabel, makeVmLabel } from "../../src/journal/label.ts";
import { befalls } from "../crash-points/ways.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

const SPEED = 60;
const MINUTE = 60_000;

interface WorldState {
  readonly now: string;
  readonly vms: readonly { readonly label: string; readonly deleted: string | null }[];
  readonly firewalls: readonly { readonly label: string; readonly deleted: string | null }[];
}

/** The same API, which gives no more than 100 rows a page, whatever is asked for; and the pages that were read. */
async function shortPages(url: string) {
  const read = new Set<string>();
  const server = createServer((incoming, outgoing) => {
    const to = new URL(incoming.url ?? "/", url);
    if (to.searchParams.has("page_size")) to.searchParams.set("page_size", "100");
    if (to.pathname.endsWith("/linode/instances") && incoming.method === "GET")
      read.add(to.searchParams.get("page") ?? "");
    const { method, headers } = incoming;
    incoming.pipe(
      ask(to, { method, headers }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    read,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function order(rig: SweepRun, path: string, body: object): Promise<void> {
  for (;;) {
    const reply = await fetch(`${rig.url}/v4${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${rig.token}` },
      body: JSON.stringify(body),
    });
    const text = await reply.text();
    if (reply.ok) return;
    if (reply.status !== 429) throw new Error(`${path}: ${text}`);
  }
}

const server = (label: string, tags: readonly string[]): object => ({
  label,
  type: "g2-gpu-rtx4000a1-s",
  region: "us-ord",
  image: "linode/ubuntu24.04",
  root_pass: "Correct-Horse-Battery-9-Staple",
  booted: false,
  tags,
  interface_generation: "legacy_config",
});

test("reap destroys, among 250 VMs full of look-alikes, exactly the expired ones of ours", async () => {
  await using rig = await sweepRun(5, "--speed", String(SPEED), "--delays", "0.1");
  const nowMs = Date.parse((await rig.ask<WorldState>("state")).now);
  const vm = (run: string, seq: number, expiresMs: number): string =>
    makeVmLabel({ run, seq, nonce: "abcd", expiresMs });
  const expired = Array.from({ length: 12 }, (_, i) =>
    vm("deadrun0", i, nowMs - (60 + i) * MINUTE),
  );
  const alive = Array.from({ length: 8 }, (_, i) => vm("liverun0", i, nowMs + (45 + i) * MINUTE));
  const base = vm("deadrun0", 99, nowMs - 60 * MINUTE);
  const alike = [
    `${base}-x`,
    `a${base}`,
    base.replace("mds-", "Mds-"),
    base.replace("mds-", "mdx-"),
    base.replace("-x", "-y"),
    base.replace("-099-", "-99-"),
    base.replace("-abcd-", "_abcd-"),
    "mds-deadrun0-001",
    "maider-sweep",
  ];
  const others = Array.from(
    { length: 250 - expired.length - alive.length - alike.length },
    (_, i) => `web-${String(i)}`,
  );
  const all = [...others.slice(0, 120), ...alive, ...alike, ...others.slice(120), ...expired];
  const ours = ["maider-sweep", "mds-run-deadrun0"];
  for (const [index, label] of all.entries())
    await order(rig, "/linode/instances", server(label, index % 3 === 0 ? ["theirs"] : ours));
  const dead = makeFirewallLabel({ run: "deadrun0", expiresMs: nowMs + 600 * MINUTE });
  const used = makeFirewallLabel({ run: "liverun0", expiresMs: nowMs - 60 * MINUTE });
  for (const label of [dead, used, "mds-deadrun0", "web"]) {
    await order(rig, "/networking/firewalls", {
      label,
      rules: { inbound: [], inbound_policy: "DROP", outbound: [], outbound_policy: "ACCEPT" },
    });
  }
  const left = async (): Promise<readonly string[]> => {
    const { vms, firewalls } = await rig.ask<WorldState>("state");
    return [...vms, ...firewalls].flatMap(({ label, deleted }) =>
      deleted === null ? [label] : [],
    );
  };

  // The expired ones stand on the third.
  using api = await shortPages(rig.url);
  // A machine whose clock is an hour ahead believes that all of them have expired.
  const hourAhead = befalls(`clock-ahead now ${String((60 * MINUTE) / SPEED)}`);
  const dry = await rig.run("reap", "--dry-run", "--simulate", api.url, "--json", hourAhead);
  expect([...api.read]).toEqual(["1", "2", "3"]);
  expect(JSON.parse(dry.stdout)).toMatchObject({ foreign: all.length - 20, destroyed: [] });
  expect((JSON.parse(dry.stdout) as { expired: string[] }).expired.toSorted()).toEqual(
    expired.toSorted(),
  );
  expect(await left()).toHaveLength(all.length + 4);

  const wet = await rig.run("reap", "--simulate", api.url, "--json", hourAhead);
  expect(wet.code).toBe(0);
  const told = JSON.parse(wet.stdout) as Record<string, readonly string[]>;
  expect(told["destroyed"]?.toSorted()).toEqual(expired.toSorted());
  expect(told["firewalls"]).toEqual([dead]);
  expect(told["left"]).toEqual([]);
  expect((await left()).toSorted()).toEqual(
    [...all.filter((label) => !expired.includes(label)), used, "mds-deadrun0", "web"].toSorted(),
  );
});
