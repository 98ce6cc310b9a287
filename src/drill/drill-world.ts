import {
  controlClient,
  type ControlClient,
  type WorldState,
} from "../simulator/client/control-client.ts";
import type { SimulatedWorld } from "../simulator/client/simulated-world.ts";

/** A simulated cloud that also contains servers and firewalls of other people. */
export interface DrillWorld {
  readonly url: string;
  readonly control: ControlClient;
  /** Labels of other people's servers and firewalls that no longer exist. */
  missingForeign(state: WorldState): readonly string[];
  close(): Promise<void>;
}

/** Labels that resemble ours; the servers have our tag too. */
const FOREIGN_LABELS = ["somebody-elses-server", "mds-team-gpu-001", "mds-abcdefgh-001-abcd"];

/** Fast enough that an hour takes seconds, slow enough that a delay on a busy machine does not cost an hour. */
export const DRILL_PACE = { seed: 1, speed: 200, delays: 0.03 };

/** Creates other people's servers and firewalls in a world that only the drill uses. */
export async function prepareDrillWorld(
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
    FOREIGN_LABELS.map((label) => create("/linode/instances", serverBody(label))),
  );
  const firewalls = await Promise.all(
    FOREIGN_LABELS.map((label) => create("/networking/firewalls", firewallBody(label))),
  );
  return {
    url: world.url,
    control,
    missingForeign: (state) =>
      FOREIGN_LABELS.filter(
        (_label, index) =>
          !exists(state.vms, vms[index]) || !exists(state.firewalls, firewalls[index]),
      ),
    close: async () => {
      // A world ends on its own once it is empty; it may have ended already.
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

function exists(resources: WorldState["vms"], id: number | undefined): boolean {
  return resources.some((resource) => resource.id === id && resource.deleted === null);
}

function serverBody(label: string): object {
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

function firewallBody(label: string): object {
  return {
    label,
    tags: ["maider-sweep"],
    rules: { inbound: [], inbound_policy: "DROP", outbound: [], outbound_policy: "ACCEPT" },
  };
}
