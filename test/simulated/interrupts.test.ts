import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));

test.each([
  [["run", "plans/quick.yaml", "--quiet"], "stopped by SIGINT; nothing was created\n"],
  [["estimate", "plans/quick.yaml"], "stopped by SIGINT\n"],
  [["doctor", "plans/quick.yaml"], "stopped by SIGINT\n"],
  [["reap"], "stopped by SIGINT\n"],
])("%j ends in 130 with Ctrl-C while the API says nothing, and says so", async (words, says) => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const asked = once(silent, "request");
  const { port } = silent.address() as AddressInfo;
  const child = spawn(
    process.execPath,
    [PROGRAM, ...words, "--api-url", `http://127.0.0.1:${String(port)}`],
    { env: { ...process.env, LINODE_TOKEN: "abc" } },
  );
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  await asked;
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number | null];
  silent.closeAllConnections();
  silent.close();
  expect(stderr).toBe(says);
  expect(code).toBe(130);
});
