import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { sweepRun } from "../simulated/sweep-run.ts";

const PLAN = `version: 1
name: notify
budget: { max_cost: 3, max_hours_per_rental: 2 }
passes: 1
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct]
`;

async function webService() {
  const received: unknown[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes: Buffer) => (body += bytes.toString()));
    request.on("end", () => {
      received.push(JSON.parse(body));
      response.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/hook`,
    received,
    [Symbol.dispose]: () => server.close(),
  };
}

test("a run that has ended notifies the service of the user, once", async () => {
  using web = await webService();
  await using sweep = await sweepRun(1, "--speed", "120", "--delays", "0.1");
  const argv = ["run", sweep.plan(PLAN), "--simulate", sweep.url, "--quiet", "--notify", web.url];
  expect(await sweep.run(...argv)).toMatchObject({ code: 0, stderr: "" });
  expect(web.received).toEqual([
    {
      run: expect.stringMatching(/^[a-z0-9]{8}$/) as string,
      plan: "notify",
      simulated: true,
      state: "finished",
      exit_code: 0,
      measured: 1,
      configurations: 1,
      passes: 1,
      fastest: expect.objectContaining({ gpu: "g2-gpu-rtx4000a1-s" }) as object,
      spent_usd: 0.52,
      cap_usd: 3,
      still_billed: [],
    },
  ]);
});

test("when the sweep is killed its guard notifies the service, once all VMs are deleted", async () => {
  using web = await webService();
  await using sweep = await sweepRun(1, "--speed", "120", "--delays", "0.1");
  await sweep.run("run", sweep.plan(PLAN), "--simulate", sweep.url, "--quiet", {
    MAIDER_SWEEP_NOTIFY: web.url,
    MAIDER_SWEEP_CRASH: "ssh.ready:after",
  });
  await expect.poll(() => web.received, { timeout: 30_000, interval: 100 }).toHaveLength(1);
  expect(web.received).toEqual([
    expect.objectContaining({ plan: "notify", exit_code: 5, passes: 0, still_billed: [] }),
  ]);
});
