import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

/** Secrets that occur nowhere else; they do not look like what a redactor would know by its form. */
const LINODE = "canary-linode-q8Zr2vKx";
const HUB = "canary-hub-T5nWc9Lb";
const MODEL = "meta-llama/Llama-3.1-8B-Instruct";
/** With its beginning: the words alone stand in every program that can read one. */
const PRIVATE_KEY = /BEGIN [A-Z ]*PRIVATE KEY-----(?:\\n|\s)+[A-Za-z0-9+/]{30}/;
const PLAN = `version: 1
name: secrets
budget: { max_cost: 30 }
concurrency: 1
passes: 1
suites: [coding]
entries:
  - gpu: g3-gpu-rtxpro6000-blackwell-1
    models: [${MODEL}]
`;
const SECRETS = { LINODE_TOKEN: LINODE, HF_TOKEN: HUB };

/** A secret as text, JSON, URL, hexadecimal or base64 would show it. */
function formsOf(secret: string): readonly string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString("base64");
    return text.slice(offset === 0 ? 0 : offset + 1, -3);
  });
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString("hex"), ...base64];
}

function shows(text: string, secrets: readonly string[]): readonly string[] {
  return secrets.flatMap(formsOf).filter((form) => text.includes(form));
}

/** Every file below a folder, as bytes; what vanishes meanwhile has nothing to show. */
function filesBelow(folder: string): readonly (readonly [path: string, text: string])[] {
  const files: (readonly [string, string])[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    try {
      files.push([path, readFileSync(path, "latin1")]);
    } catch {
      continue;
    }
  }
  return files;
}

/** What every process of this machine shows to others: its arguments, and to its user its environment. */
function processesThatShow(secrets: readonly string[], given: number): readonly string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const file of ["cmdline", "environ"]) {
      // The user gave them to this one in its environment.
      if (Number(pid) === given && file === "environ") continue;
      let text = "";
      try {
        text = readFileSync(`/proc/${pid}/${file}`, "latin1");
      } catch {
        continue;
      }
      if (shows(text, secrets).length > 0) found.push(`${file} of ${pid}: ${text.slice(0, 200)}`);
    }
  }
  return found;
}

async function sideDoor(rig: SweepRun, door: string): Promise<string> {
  return (await fetch(`${rig.url}/simulator/${door}`)).text();
}

test("a whole sweep shows its secrets to nobody: not on disk, on a screen, in a request, in a process", async () => {
  await using rig = await sweepRun(6, "--speed", "1", "--delays", "0.02");
  await fetch(`${rig.url}/simulator/tokens`, {
    method: "POST",
    body: JSON.stringify({ token: LINODE, scopes: "*" }),
  });
  const { ssh_port: port } = await rig.ask<{ ssh_port: number }>("world");
  const { HOME } = rig.env;
  // The compiled program would lie among the files, with the words that mark a key.
  const here = { ...SECRETS, TMPDIR: HOME, NODE_DISABLE_COMPILE_CACHE: "1" };
  const cloud = ["--api-url", rig.url, "--ssh-port", String(port)];

  const sweep = rig.start(
    "run",
    rig.plan(PLAN),
    ...cloud,
    "--ssh-cidr",
    "127.0.0.1/32",
    "--json",
    here,
  );
  const printed: string[] = [];
  sweep.stdout.on("data", (bytes: Buffer) => printed.push(bytes.toString("latin1")));
  sweep.stderr.on("data", (bytes: Buffer) => printed.push(bytes.toString("latin1")));
  const ended = once(sweep, "close") as Promise<[number | null]>;
  const seen = new Set<string>();
  let samples = 0;
  let told = false;
  while (sweep.exitCode === null) {
    samples += 1;
    for (const one of processesThatShow([LINODE, HUB], sweep.pid ?? 0)) seen.add(one);
    for (const [path, text] of filesBelow(HOME))
      if (shows(text, [LINODE, HUB]).length > 0) seen.add(path);
    // A busy machine voids what is measured at the speed of life: one pass is enough here, whatever it was worth.
    if (!told && /"type":"pass\.(finished|failed|void)"/.test(printed.join(""))) {
      told = true;
      sweep.kill("SIGINT");
    }
    await sleep(300);
  }
  const [code] = await ended;
  expect([0, 130], printed.join("")).toContain(code);
  expect(samples).toBeGreaterThan(10);
  expect([...seen]).toEqual([]);

  for (const words of [
    ["status", "--json"],
    ["recover", ...cloud],
    ["reap", ...cloud, "--json"],
    ["doctor", ...cloud, "--json"],
    ["benchmark-status", "--json"],
  ]) {
    const { stdout, stderr } = await rig.run(...words, here);
    printed.push(stdout, stderr);
  }
  await fetch(`${rig.url}/simulator/tokens`, {
    method: "POST",
    body: JSON.stringify({ token: LINODE, revoked: true }),
  });
  const refused = await rig.run("run", rig.plan(PLAN), ...cloud, here);
  expect(refused.code).toBe(4);
  printed.push(refused.stdout, refused.stderr);
  expect(shows(printed.join(""), [LINODE, HUB])).toEqual([]);

  const requests = (
    await rig.ask<{ requests: { method: string; path: string; body: string }[] }>("requests")
  ).requests;
  const create = requests.find(
    ({ method, path }) => method === "POST" && path === "/linode/instances",
  );
  const order = JSON.parse(create?.body ?? "") as {
    root_pass: string;
    metadata: { user_data: string };
  };
  for (const door of ["requests", "served", "state"])
    expect(shows(await sideDoor(rig, door), [LINODE, HUB])).toEqual([]);

  // The root password goes to the API alone, in the one request that needs it.
  expect(order.root_pass.length).toBeGreaterThan(20);
  const withPassword = requests.filter(({ body }) => shows(body, [order.root_pass]).length > 0);
  expect(withPassword).toEqual([create]);
  const userData = Buffer.from(order.metadata.user_data, "base64").toString();
  expect(shows(userData, [LINODE, HUB, order.root_pass])).toEqual([]);
  // The VM's own host key is the only private key that leaves this process, and it is not the one that logs in.
  expect(userData.match(new RegExp(PRIVATE_KEY, "g"))).toHaveLength(1);
  const everything = [["stdout and stderr", printed.join("")] as const, ...filesBelow(HOME)];
  for (const [place, text] of everything) {
    expect(shows(text, [LINODE, HUB, order.root_pass]), place).toEqual([]);
    expect(PRIVATE_KEY.test(text), place).toBe(false);
  }
  // The search finds what is there: the model that nobody gets without the hub's token was measured, and is named.
  expect(everything.filter(([, text]) => shows(text, [MODEL]).length > 0).length).toBeGreaterThan(
    2,
  );
});
