import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { sweepRun } from "../simulated/sweep-run.ts";

const PLAN = `version: 1
name: heartbeat
budget: { max_cost: 3, max_hours_per_rental: 2 }
passes: 1
suites: [coding]
entries:
  - gpu: g2-gpu-rtx4000a1-s
    models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ]
`;

/** A dead-man service on this machine, which may refuse to answer. */
async function listener(answers: boolean) {
  const told: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes: Buffer) => (body += bytes.toString()));
    request.on("end", () => {
      told.push(body);
      if (answers) response.end();
      else request.socket.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/beat`,
    told,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const start = () => sweepRun(1, "--speed", "120", "--delays", "0.1");

test.each([true, false])(
  "it beats while a VM is open and says once that all is gone, and nobody waits for it (answers: %s)",
  async (answers) => {
    using beat = await listener(answers);
    await using sweep = await start();
    const argv = ["run", sweep.plan(PLAN), "--simulate", sweep.url, "--quiet"];
    const { code, stderr } = await sweep.run(...argv, "--heartbeat-url", beat.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(beat.told.length).toBeGreaterThan(2);
    expect(new Set(beat.told.slice(0, -1))).toEqual(new Set(["open: 1"]));
    expect(beat.told.at(-1)).toBe("gone");
  },
);

test("when the sweep is killed the guard goes on beating, and says that all is gone", async () => {
  using beat = await listener(true);
  await using sweep = await start();
  await sweep.run("run", sweep.plan(PLAN), "--simulate", sweep.url, "--quiet", {
    MAIDER_SWEEP_HEARTBEAT: beat.url,
    MAIDER_SWEEP_CRASH: "ssh.ready:after",
  });
  await expect.poll(() => beat.told.at(-1), { timeout: 30_000, interval: 100 }).toBe("gone");
  expect(beat.told.filter((body) => body === "gone")).toHaveLength(1);
});

test("where the guard was killed too recover says that all is gone, to where the run has told that it was open", async () => {
  using beat = await listener(true);
  await using sweep = await start();
  const argv = ["run", sweep.plan(PLAN), "--simulate", sweep.url, "--heartbeat-url", beat.url];
  await sweep.run(...argv, { MAIDER_SWEEP_CRASH: "test.finished:after:2+guard" });
  expect(beat.told.length).toBeGreaterThan(0);
  expect(beat.told).not.toContain("gone");
  expect(await sweep.run("recover", "--simulate", sweep.url)).toMatchObject({ code: 0 });
  expect(beat.told.filter((body) => body === "gone")).toHaveLength(1);
  await sweep.run("recover", "--simulate", sweep.url);
  expect(beat.told.at(-1)).toBe("gone");
});

test("a reaper says so too, on the run's machine and on another", async () => {
  using here = await listener(true);
  using elsewhere = await listener(true);
  // Fast, so that a VM expires soon, and slow to boot, so that its first beat comes before it dies.
  await using sweep = await sweepRun(1, "--speed", "1200", "--delays", "1");
  const another = {
    MAIDER_SWEEP_STATE: `${sweep.env.HOME}/another-machine`,
    MAIDER_SWEEP_HEARTBEAT: elsewhere.url,
  };
  for (const [beat, env] of [
    [here, {}],
    [elsewhere, another],
  ] as const) {
    const argv = ["run", sweep.plan(PLAN), "--simulate", sweep.url, "--heartbeat-url", here.url];
    await sweep.run(...argv, { MAIDER_SWEEP_CRASH: "machine.ready:after+guard" });
    expect(here.told.at(-1)).toBe("open: 1");
    await expect
      .poll(
        async () => (await sweep.run("reap", "--grace", "0", "--simulate", sweep.url, env)).stdout,
        {
          timeout: 60_000,
          interval: 1_000,
        },
      )
      .toContain("destroyed mds-");
    expect(beat.told.filter((body) => body === "gone")).toHaveLength(1);
    await sweep.run("recover", "--simulate", sweep.url);
  }
  expect(elsewhere.told).toEqual(["gone"]);
});

test("an address that is none is told before anything begins", async () => {
  await using sweep = await start();
  const argv = ["run", sweep.plan(PLAN), "--simulate", sweep.url];
  expect(await sweep.run(...argv, "--heartbeat-url", "beat")).toMatchObject({ code: 2 });
});
