import { afterAll, beforeAll, expect, test } from "vitest";
import { writesTo } from "./nothing-left.ts";
import { sweepRun, type SweepRun } from "./sweep-run.ts";

let rig: SweepRun;
beforeAll(async () => {
  rig = await sweepRun(3, "--speed", "1");
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

const ALL = "linodes:read_write firewall:read_write";
const TOKENS: readonly (readonly [what: string, token: object, why: RegExp])[] = [
  // Of the world's own tokens none is that of the test.
  ["wrong", { token: "another" }, /wrong, expired or revoked/],
  ["revoked", { scopes: ALL, revoked: true }, /wrong, expired or revoked/],
  ["expired", { scopes: ALL, expiry: "2020-01-01T00:00:00Z" }, /wrong, expired or revoked/],
  [
    "of reading alone",
    { scopes: "linodes:read_only firewall:read_write" },
    /lacks the scope linodes:read_write; it has linodes:read_only/,
  ],
  [
    "without a right to firewalls",
    { scopes: "linodes:read_write" },
    /lacks the scope firewall:read_write; it has linodes:read_write/,
  ],
  [
    "of another area",
    { scopes: "domains:read_write" },
    /lacks the scopes linodes:read_write and firewall:read_write/,
  ],
];

async function refused(env: Readonly<Record<string, string>>): Promise<string> {
  const argv = ["run", "plans/quick.yaml", "--api-url", rig.url, "--quiet"];
  const { code, stdout, stderr } = await rig.run(...argv, env);
  expect(stdout).toBe("");
  expect(stderr.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^error: /),
    expect.stringMatching(/^  why: /),
    expect.stringMatching(/^  try: .*linodes:read_write and firewall:read_write/),
  ]);
  expect(code).toBe(4);
  expect(await writesTo(rig)).toEqual([]);
  return stderr;
}

test.each(TOKENS)(
  "a token that is %s: one error that names the scopes, before anything is created",
  async (what, token, why) => {
    const secret = Buffer.from(what).toString("hex").padEnd(64, "0");
    const body = JSON.stringify({ token: secret, ...token });
    const reply = await fetch(`${rig.url}/simulator/tokens`, { method: "POST", body });
    expect(reply.status).toBe(200);
    const said = await refused({ LINODE_TOKEN: secret });
    expect(said).toMatch(why);
    expect(said).not.toContain(secret);
  },
);

test("no token at all: the same, and nothing is asked", async () => {
  expect(await refused({})).toMatch(/LINODE_TOKEN is not set/);
});
