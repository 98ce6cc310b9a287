import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GPU_TYPES } from "../../../src/catalog/gpu-catalog.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/control/start-simulator.ts";
import { speak, type Spoken } from "../fake-terminal.ts";

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly cards: number;
  readonly memory_gib: number;
  readonly price_per_hour: number;
  readonly regions: readonly string[];
  readonly prices: "live" | "built-in";
}

const PUBLIC = GPU_TYPES.filter((gpu) => gpu.public).map(({ id }) => id);

function gpusIn({ stdout }: Spoken): readonly Listed[] {
  return (JSON.parse(stdout) as { gpus: readonly Listed[] }).gpus;
}

describe("gpus, with an API that answers", () => {
  let cloud: Simulator;
  beforeAll(async () => {
    cloud = await startSimulator({ port: 0, speed: 1, seed: 1, delays: 1 });
  });
  afterAll(() => cloud.close());

  test("lists the public types with live prices and regions in stock, without a token", async () => {
    const spoken = await speak(["gpus", "--json", "--api-url", cloud.url]);
    expect([spoken.code, spoken.stderr]).toEqual([0, ""]);
    const gpus = gpusIn(spoken);
    expect(gpus.map(({ id }) => id)).toEqual(PUBLIC);
    for (const gpu of gpus) {
      expect(gpu.prices).toBe("live");
      expect(gpu.regions.length).toBeGreaterThan(0);
    }
    expect(gpus.find(({ id }) => id === "g2-gpu-rtx4000a4-s")).toMatchObject({
      name: "rtx4000a4-s",
      cards: 4,
      memory_gib: 80,
      price_per_hour: 2.96,
    });
  });

  test("marks the prices of the simulated cloud", async () => {
    const { code, stdout, stderr } = await speak(["gpus", "--simulate", cloud.url]);
    expect(code).toBe(0);
    expect(stdout).toContain("rtx4000a1-s");
    expect(stderr).toMatch(/^SIMULATED: /);
  });

  test("shows the API's price where it differs from the built-in one", async () => {
    await fetch(`${cloud.url}/simulator/price`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "g2-gpu-rtx4000a1-s", hourly: 0.61 }),
    });
    const { stdout } = await speak(["gpus", "--api-url", cloud.url]);
    expect(stdout).toMatch(/rtx4000a1-s .*1 x RTX 4000 Ada .*\$0\.61/);
  });

  test("says which type is sold out, and prints at most 80 columns", async () => {
    await fetch(`${cloud.url}/simulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(
        (await regionsOf(cloud)).map((region) => ({
          region,
          type: "g1-gpu-rtx6000-1",
          action: "no-stock",
        })),
      ),
    });
    const { stdout } = await speak(["gpus", "--api-url", cloud.url]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.find((line) => line.includes("rtx6000-1 "))).toContain("sold out");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe("gpus, without an API", () => {
  test("shows built-in prices, with a warning that names their day", async () => {
    const spoken = await speak(["gpus", "--json", "--api-url", "http://127.0.0.1:9"]);
    expect(spoken.code).toBe(0);
    expect(spoken.stderr).toMatch(/^warning: .*built-in.* 20\d\d-\d\d-\d\d/);
    const gpus = gpusIn(spoken);
    expect(gpus.map(({ id }) => id)).toEqual(PUBLIC);
    expect(new Set(gpus.map(({ prices }) => prices))).toEqual(new Set(["built-in"]));
  });
});

async function regionsOf(cloud: Simulator): Promise<readonly string[]> {
  const { data } = (await (await fetch(`${cloud.url}/v4/regions?page_size=500`)).json()) as {
    data: readonly { id: string }[];
  };
  return data.map(({ id }) => id);
}
