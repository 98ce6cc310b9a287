import {
  baseRequest,
  createFirewall,
  createLinode,
  deleteFirewall,
  deleteLinode,
  getAccountInfo,
  getFirewalls,
  getLinode,
  getLinodes,
  getLinodeTypes,
  getProfile,
  getRegionAvailabilities,
  getRegions,
  linodeReboot,
} from "@linode/api-v4";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../../src/simulator/control/start-simulator.ts";
import { order } from "../test-world.ts";

describe("Linode's own client", () => {
  let simulator: Simulator;

  beforeAll(async () => {
    simulator = await startSimulator({
      port: 0,
      speed: 1_000,
      seed: 1,
      delays: 0.2,
    });
    baseRequest.interceptors.request.clear();
    baseRequest.interceptors.request.use((config) => {
      config.url = (config.url ?? "").replace("https://api.linode.com", simulator.url);
      config.headers.set("Authorization", `Bearer ${simulator.token}`);
      return config;
    });
  });
  afterAll(() => simulator.close());

  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    while (!(await isSo()));
  };

  it("reads the catalogue and the account", async () => {
    expect((await getLinodeTypes({ page_size: 500 })).data.every((type) => type.gpus > 0)).toBe(
      true,
    );
    expect((await getRegions()).results).toBe(33);
    const plan = "g2-gpu-rtx4000a4-s";
    const rows = await getRegionAvailabilities({ page_size: 500 }, { plan });
    expect(rows.data.filter((row) => row.available)).toHaveLength(7);
    expect((await getProfile()).username).toBe("simulated");
    expect((await getAccountInfo()).balance_uninvoiced).toBe(0);
  });

  it("creates, lists, gets, reboots and deletes a VM behind a firewall", async () => {
    const firewall = await createFirewall({
      label: "mds-abc-x1",
      tags: ["maider-sweep"],
      rules: {
        inbound_policy: "DROP",
        outbound_policy: "ACCEPT",
        inbound: [
          { action: "ACCEPT", protocol: "TCP", ports: "22", addresses: { ipv4: ["192.0.2.7/32"] } },
        ],
        outbound: [],
      },
    });
    const request = order({ firewall_id: firewall.id }) as unknown as Parameters<
      typeof createLinode
    >[0];
    const vm = await createLinode(request);
    expect(vm).toMatchObject({ label: "bench-1", status: "provisioning" });
    expect((await getLinodes({ page_size: 100 }, { label: "bench-1" })).data).toHaveLength(1);
    await until(async () => (await getLinode(vm.id)).status === "running");
    await linodeReboot(vm.id);
    await until(async () => (await getLinode(vm.id)).status === "running");

    await expect(createLinode(request)).rejects.toMatchObject({
      response: {
        status: 400,
        data: { errors: [{ reason: "Label must be unique among your linodes", field: "label" }] },
      },
    });
    expect(await deleteLinode(vm.id)).toEqual({});
    await until(() =>
      getLinode(vm.id).then(
        () => false,
        (error: { response: { status: number } }) => error.response.status === 404,
      ),
    );
    await deleteFirewall(firewall.id);
    expect((await getFirewalls()).results).toBe(0);
    expect(simulator.isInUse()).toBe(false);
  });
});
