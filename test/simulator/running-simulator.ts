import { afterEach } from "vitest";
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../src/simulator/control/start-simulator.ts";

export const INSTANCES = "/v4beta/linode/instances";

const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

/** A simulator that ends with the test, and a way to send it requests with its own token. */
export async function runningSimulator(changes: Partial<SimulatorOptions> = {}) {
  const simulator = await startSimulator({
    port: 0,
    speed: 1_000,
    seed: 1,
    delays: 0.2,
    ...changes,
  });
  open.push(simulator);
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${simulator.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${simulator.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return { simulator, send };
}

function parse(text: string) {
  return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined;
}
