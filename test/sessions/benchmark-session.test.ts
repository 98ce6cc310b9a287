import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { startReferenceServer, type ReferenceServer } from "../support/reference-server.ts";
import { writeSession } from "../../src/sessions/write-session.ts";
import { speak, type Spoken } from "../cli/fake-terminal.ts";

const MODEL = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";
/** Nothing listens there: it is the port of `discard`. */
const DEAD = "http://127.0.0.1:9/v1";

let server: ReferenceServer;
let home: string;
const path = process.env["PATH"] ?? "";
const REFUSES = 'console.error("Permission denied (publickey)."); process.exit(255);';
/** As nvidia-smi answers, first the query and then its table. */
const tellsGpus = (count: number): string => `
  const table = "| NVIDIA-SMI 570.86.15    Driver Version: 570.86.15    CUDA Version: 12.8     |";
  const line = "Quadro RTX 6000, 23040, 570.86.15, 7.5, 250.00, 2100";
  console.log([...Array(${String(count)}).fill(line), "Tue Nov 24 12:00:00 2026", table].join("\\n"));`;

beforeAll(async () => {
  server = await startReferenceServer({ ttftMs: 10, tpotMs: 1, model: "coder" });
});
afterAll(async () => {
  await server.close();
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mds-benchmark-session-"));
  standInForSsh(REFUSES);
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(home, { recursive: true, force: true });
});

async function session(name: string, apiBase: string, type = "g1-gpu-rtx6000-1"): Promise<void> {
  const place = join(home, ".cache", "linode-vms");
  await writeSession(
    {
      name,
      instanceId: "12345",
      ip: "192.0.2.1",
      type,
      hourlyCost: 1.5,
      startTime: 1,
      modelId: MODEL,
      servedModelName: "coder",
      provider: "linode",
      apiBase,
      apiKey: "sk-dummy",
      rental: undefined,
    },
    place,
  );
}
const run = (...argv: string[]): Promise<Spoken> =>
  speak(argv, {
    HOME: home,
    MAIDER_SWEEP_DB: join(home, "db.json"),
    MAIDER_SWEEP_STATE: join(home, "state"),
    ...(argv.includes("--api-url") ? { LINODE_TOKEN: "token" } : {}),
  });
const benchmark = (name: string, ...argv: string[]): Promise<Spoken> =>
  run("benchmark", "-s", name, "-o", join(home, "out.json"), "--prompt", "Say a", ...argv);
const records = (): BenchmarkRecord[] =>
  existsSync(join(home, "db.json"))
    ? (JSON.parse(readFileSync(join(home, "db.json"), "utf8")) as { benchmarks: BenchmarkRecord[] })
        .benchmarks
    : [];

// These run on the real clock: on a machine that is busy for long, passes are void, as intended.
describe("a session of the Python tool", () => {
  test("is measured through its tunnel, several of them into one database", async () => {
    await session("one", `${server.url}/v1`);
    await session("two", `${server.url}/v1`);
    for (const { code, stderr } of [await benchmark("one"), await benchmark("two")])
      expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(records()).toHaveLength(2);
    expect(records()[0]).toMatchObject({
      gpu_type: "g1-gpu-rtx6000-1",
      gpu_count: 1,
      // What the Quadro RTX 6000 has, whatever older tables say.
      vram_per_gpu: 24,
      hourly_cost: 1.5,
      model_id: MODEL,
      model_category: "14b",
      summary: { vm: "linode-12345", simulated: false },
    });
    expect(JSON.parse(readFileSync(join(home, "out.json"), "utf8"))).toMatchObject({
      session: "two",
    });
  });

  test("is measured without a record with --no-db, and for an unknown GPU type", async () => {
    await session("one", `${server.url}/v1`);
    await session("odd", `${server.url}/v1`, "g9-gpu-unheard-of-1");
    expect((await benchmark("one", "--no-db")).code).toBe(0);
    const { code, stderr } = await benchmark("odd");
    expect(code).toBe(0);
    expect(stderr).toContain("g9-gpu-unheard-of-1 is not a known GPU type");
    expect(records()).toEqual([]);
  });

  test("gets its type and price from Linode if there is a token", async () => {
    await session("one", `${server.url}/v1`);
    const linode = createServer((request, response) => {
      const vm = {
        id: 12_345,
        label: "l",
        type: "g2-gpu-rtx4000a2-s",
        region: "us-ord",
        status: "running",
        ipv4: ["192.0.2.1"],
        created: "2026-11-24T04:00:00",
        tags: [],
      };
      const type = { id: vm.type, price: { hourly: 1.05, monthly: 700 }, region_prices: [] };
      const types = { data: [type], page: 1, pages: 1, results: 1 };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(request.url?.includes("instances") === true ? vm : types));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => linode.once("listening", resolve));
    const url = `http://127.0.0.1:${String((linode.address() as AddressInfo).port)}`;
    const { code, stderr } = await benchmark("one", "--api-url", url);
    linode.close();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain("using Linode's type and price instead");
    expect(records()[0]).toMatchObject({
      gpu_type: "g2-gpu-rtx4000a2-s",
      gpu_count: 2,
      hourly_cost: 1.05,
      summary: { region: "us-ord" },
    });
  });

  test("whose tunnel is down is reached by the ssh of this machine", async () => {
    await session("one", DEAD);
    standInForSsh(`
      if (!process.argv.includes("-N")) process.exit(255);
      const [near] = process.argv[process.argv.indexOf("-L") + 1].match(/(?<=:)\\d+/);
      require("node:fs").writeFileSync(${JSON.stringify(join(home, "ssh.json"))}, JSON.stringify(process.argv.slice(2)));
      require("node:net").createServer((socket) => {
        const far = require("node:net").connect(${String(server.port)}, "127.0.0.1");
        for (const each of [socket, far]) each.on("error", () => undefined);
        socket.pipe(far).pipe(socket);
      }).listen(Number(near), "127.0.0.1");
    `);
    const { code, stderr } = await benchmark("one");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain("tunnel is down; measuring through a new one");
    const argv = JSON.parse(readFileSync(join(home, "ssh.json"), "utf8")) as string[];
    expect(argv.at(-1)).toBe("root@192.0.2.1");
    expect(argv[argv.indexOf("-L") + 1]).toMatch(/^127\.0\.0\.1:\d+:127\.0\.0\.1:9$/);
  });

  test("has the GPUs that were read over SSH in its record", async () => {
    await session("one", `${server.url}/v1`);
    standInForSsh(tellsGpus(1));
    const { code, stderr } = await benchmark("one");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).not.toContain("warning");
    expect(records()[0]?.summary).toMatchObject({
      gpus_seen: 1,
      gpu_name: "Quadro RTX 6000",
      gpu_memory_mib: 23_040,
      driver: "570.86.15",
      cuda: "12.8",
      compute_capability: "7.5",
      gpu_power_limit_w: 250,
      gpu_max_clock_mhz: 2100,
    });
    expect(records()[0]?.summary).not.toHaveProperty("gpu_facts");
  });

  test("is not recorded if the number of GPUs differs from its type's", async () => {
    await session("one", `${server.url}/v1`);
    standInForSsh(tellsGpus(2));
    const { code, stderr } = await benchmark("one");
    expect(code).toBe(0);
    expect(stderr).toContain("the VM has 2 GPUs (Quadro RTX 6000), unlike a g1-gpu-rtx6000-1");
    expect(records()).toEqual([]);
  });

  test.each([
    ["refuses the login", REFUSES, "Permission denied (publickey)."],
    ["has no nvidia-smi", 'console.error("not found"); process.exit(127);', "not found"],
    ["prints something else", 'console.log("Welcome!");', "nvidia-smi printed no list of GPUs"],
  ])(
    "on a VM that %s is measured, and its record notes that the GPUs were not read",
    async (_, ssh, why) => {
      await session("one", `${server.url}/v1`);
      standInForSsh(ssh);
      const { code, stderr } = await benchmark("one");
      expect(code).toBe(0);
      expect(stderr).toMatch(/warning: the GPUs could not be read from the VM/);
      expect(stderr).toContain(why);
      expect(records()[0]?.summary["gpu_facts"]).toBe("not read over SSH");
      expect(records()[0]?.summary).not.toHaveProperty("gpu_name");
    },
  );

  test("that cannot be reached is reported with the reason that ssh gave", async () => {
    await session("one", DEAD);
    const { code, stderr } = await benchmark("one");
    expect(code).toBe(4);
    expect(stderr).toContain("Permission denied (publickey).");
    expect(stderr).toContain("ssh root@192.0.2.1");
  });
});

test("contradictory options are refused before anything is measured", async () => {
  await session("one", `${server.url}/v1`);
  expect(await benchmark("nobody")).toMatchObject({ code: 2 });
  expect((await benchmark("one", "--api-base", "http://127.0.0.1:9")).stderr).toContain(
    "contradict each other",
  );
  expect((await benchmark("one", "--hourly-cost", "1")).stderr).toContain("is for --api-base");
  const collected = await run("benchmark-collect", "nobody");
  expect(collected.code).toBe(2);
  expect(collected.stderr).toContain("available sessions: one");
});

function standInForSsh(script: string): void {
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "ssh"), `#!${process.execPath}\n${script}`);
  writeFileSync(join(bin, "package.json"), '{"type":"commonjs"}');
  chmodSync(join(bin, "ssh"), 0o755);
  process.env["PATH"] = `${bin}${delimiter}${path}`;
}
