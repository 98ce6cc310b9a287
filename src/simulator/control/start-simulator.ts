import { randomBytes } from "node:crypto";
import type { AddressInfo, Server } from "node:net";
import { GPU_TYPES } from "../../catalog/gpu-catalog.ts";
import { createApi } from "../api/api.ts";
import { createCoefficients } from "../world/coefficients.ts";
import { reserveSubnet } from "../world/loopback-addresses.ts";
import { createApiFaults } from "../faults/api-faults.ts";
import type { FaultScript } from "../faults/fault-scripts.ts";
import { createHttpApi } from "../api/http-api.ts";
import { createSshMachines } from "../ssh/ssh-machines.ts";
import { createRequestLog } from "../api/request-log.ts";
import { createControlApi } from "./control-api.ts";
import { createWorld, type World } from "../world/world.ts";
import { createWorldClock, driveClock } from "../world/world-clock.ts";

export interface SimulatorOptions {
  /** 0 = any free port. */
  readonly port: number;
  /** Virtual seconds per real second; with `"auto"` the first client sets it. */
  readonly speed: number | "auto";
  readonly seed: number;
  /** Multiplies boot, set-up, download, load and destruction. */
  readonly delays: number;
  readonly faults?: FaultScript;
  readonly sshPort?: number;
  /** Called on an internal failure, after which a VM may not answer. */
  readonly onProblem?: (error: unknown) => void;
}

/** A simulated cloud that answers on loopback. */
export interface Simulator {
  readonly url: string;
  readonly token: string;
  /** The world's id, new for each start. */
  readonly world: string;
  readonly sshPort: number;
  readonly speed: number | "auto";
  /** Whether a VM or firewall exists, a job is running, or a client is connected to a VM. */
  isInUse(): boolean;
  /** Real milliseconds since the last request, or since the start. */
  quietMs(): number;
  close(): Promise<void>;
}

/** Port 22 would need root. */
const SSH_PORT = 2_222;

/** @throws Error if the port is in use */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { seed, delays, sshPort = SSH_PORT, onProblem = () => undefined } = options;
  const id = `sim-${randomBytes(6).toString("hex")}`;
  const token = randomBytes(32).toString("hex");
  const clock = createWorldClock(options.speed, Date.now());
  const subnet = await reserveSubnet(sshPort, randomBytes(1)[0] ?? 0);
  const coefficients = createCoefficients({ seed, delays });
  const machines = createSshMachines({ clock: clock.clock, sshPort, coefficients, seed });
  const world = createWorld({
    id,
    token,
    seed,
    delays,
    subnet: subnet.number,
    now: () => clock.clock().now(),
    gpuTypes: GPU_TYPES,
    coefficients,
    machines,
    onProblem,
  });
  const faults = createApiFaults(world.now);
  faults.add(options.faults?.api ?? []);
  world.addMachineFaults(options.faults?.machines ?? []);
  world.addStockFaults(options.faults?.stock ?? []);
  world.addAddressFaults(options.faults?.address ?? []);

  const log = createRequestLog();
  const ended = new AbortController();
  const driver = driveClock(world, clock.clock, onProblem);
  let lastRequestMs = performance.now();
  const server = createHttpApi({
    clock: clock.clock,
    world,
    api: createApi(world),
    controlApi: createControlApi({
      world,
      clock,
      faults,
      log,
      token,
      sshPort,
      served: () => machines.served(),
    }),
    faults,
    ended: ended.signal,
    log,
    onRequest() {
      lastRequestMs = performance.now();
      driver.wake();
    },
  });
  const close = async (): Promise<void> => {
    ended.abort();
    driver.stop();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await machines.close();
    await subnet.release();
  };
  try {
    await listen(server, options.port);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    world: id,
    sshPort,
    speed: options.speed,
    isInUse: () => machines.connections() > 0 || isOccupied(world),
    quietMs: () => performance.now() - lastRequestMs,
    close,
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

/** Whether a VM or a firewall exists, or an event is scheduled. */
function isOccupied(world: World): boolean {
  return (
    world.nextDueMs() !== undefined ||
    [...world.vms.all(), ...world.firewalls.all()].some(({ deletedMs }) => deletedMs === undefined)
  );
}
