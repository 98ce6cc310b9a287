import {
  controlClient,
  type ControlClient,
  type WorldState,
} from "../simulator/client/control-client.ts";
import type { SimulatedWorld } from "../simulator/client/simulated-world.ts";

/** A simulated cloud in which other people have servers too. */
export interface DrillWorld {
  readonly url: string;
  readonly control: ControlClient;
  /** Names of other people's servers and firewalls that are not as they were left. */
  touched(state: WorldState): readonly string[];
  close(): Promise<void>;
}

/** Under our tag, and with names that are nearly ours. */
const FOREIGN = ["somebody-elses-server", "mds-team-gpu-001", "mds-abcdefgh-001-abcd"];

/** Fast enough that an hour takes seconds, slow enough that a slow machine's seconds are not hours. */
export const DRILL_PACE = { seed: 1, speed: 600, delays: 0.1 };

/** Settles other people's servers in a world that nobody else uses. */
export async function settleDrillWorld(
  world: Pick<SimulatedWorld, "url" | "token" | "release">,
): Promise<DrillWorld> {
  const control = controlClient(world.url);
  const api = async (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${world.url}/v4${path}`, {
      method,
      headers: { authorization: `Bearer ${world.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const create = async (path: string, body: object): Promise<number> => {
    const created = (await (await api("POST", path, body)).json()) as { readonly id?: number };
    if (created.id === undefined)
      throw new Error(`the simulated cloud refused: ${JSON.stringify(created)}`);
    return created.id;
  };
  const vms = await Promise.all(
    FOREIGN.map((label) => create("/linode/instances", serverOf(label))),
  );
  const firewalls = await Promise.all(
    FOREIGN.map((label) => create("/networking/firewalls", firewallOf(label))),
  );
  return {
    url: world.url,
    control,
    touched: (state) =>
      FOREIGN.filter(
        (_label, index) =>
          !isThere(state.vms, vms[index]) || !isThere(state.firewalls, firewalls[index]),
      ),
    close: async () => {
      // The world ends when nothing is left in it; one that is gone already has nothing.
      const clear = async (): Promise<void> => {
        await control.setFaults([]);
        for (const id of vms) await api("DELETE", `/linode/instances/${String(id)}`);
        for (const id of firewalls) await api("DELETE", `/networking/firewalls/${String(id)}`);
      };
      await clear().catch(() => undefined);
      world.release();
    },
  };
}

function isThere(things: WorldState["vms"], id: number | undefined): boolean {
  return things.some((thing) => thing.id === id && thing.deleted === null);
}

function serverOf(label: string): object {
  return {
    label,
    type: "g2-gpu-rtx4000a1-s",
    region: "us-ord",
    image: "linode/ubuntu24.04",
    root_pass: "Correct-Horse-Battery-9-Staple",
    tags: ["maider-sweep"],
    interface_generation: "legacy_config",
  };
}

function firewallOf(label: string): object {
  return {
    label,
    tags: ["maider-sweep"],
    rules: { inbound: [], inbound_policy: "DROP", outbound: [], outbound_policy: "ACCEPT" },
  };
}
