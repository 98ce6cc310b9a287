import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sweepRun } from "./sweep-run.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));

test("Ctrl-C before anything was created ends in 130, and says so", async () => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const asked = once(silent, "request");
  const { port } = silent.address() as AddressInfo;
  const child = spawn(
    process.execPath,
    [PROGRAM, "run", "plans/quick.yaml", "--api-url", `http://127.0.0.1:${String(port)}`],
    { env: { ...process.env, LINODE_TOKEN: "abc" } },
  );
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  await asked;
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number | null];
  silent.closeAllConnections();
  silent.close();
  expect(stderr).toContain("nothing was created");
  expect(code).toBe(130);
});

test.each([
  ["wrong", { token: "x".repeat(64) }, /wrong, expired or revoked/],
  ["without a scope", { token: "y".repeat(64), scopes: "linodes:read_only" }, /linodes:read_write/],
  ["revoked", { token: "z".repeat(64), scopes: "*", revoked: true }, /wrong, expired or revoked/],
])(
  "a token that is %s is refused with exit 4 before anything is written",
  async (what, token, says) => {
    await using rig = await sweepRun(3, "--speed", "1");
    if (what !== "wrong") {
      const body = JSON.stringify({ expiry: null, revoked: false, ...token });
      await fetch(`${rig.url}/simulator/tokens`, { method: "POST", body });
    }
    const { code, stderr } = await rig.run("run", "plans/quick.yaml", "--api-url", rig.url, {
      LINODE_TOKEN: token.token,
    });
    expect(stderr).toMatch(says);
    expect(code).toBe(4);
    const { requests } = await rig.ask<{ requests: { method: string }[] }>("requests");
    expect(requests.filter(({ method }) => method !== "GET")).toEqual([]);
  },
);
