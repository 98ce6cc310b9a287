import type { GpuType } from "../../catalog/gpu-types.ts";
import { usd } from "../../support/money.ts";
import type { Firewall } from "../world/firewalls.ts";
import type { PriceList } from "../world/price-list.ts";
import type { Region } from "../world/regions.ts";
import type { Vm } from "../world/vm.ts";
import type { RouteCall } from "./route.ts";

/** Formats a time like Linode: UTC without a time zone. */
export function linodeTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19);
}

const specs = (type: GpuType) => ({
  disk: type.diskGb * 1_024,
  memory: type.ramGib * 1_024,
  vcpus: type.vcpus,
  gpus: type.gpus,
  transfer: transferOf(type),
  accelerated_devices: 0,
});

/** Included traffic in GB: only the oldest line has any. */
function transferOf(type: GpuType): number {
  return type.id.startsWith("g1-") ? (type.gpus === 1 ? 16_000 : 20_000) : 0;
}

/** An instance as in replies of v4beta; those of v4 lack `locks`. */
export function vmView(vm: Vm, time: RouteCall["time"]): Record<string, unknown> {
  return {
    id: vm.id,
    label: vm.label,
    group: "",
    status: vm.status,
    created: time(vm.createdMs),
    updated: time(vm.updatedMs),
    type: vm.type.id,
    ipv4: [vm.ipv4],
    ipv6: `2600:3c00::${vm.id.toString(16)}/128`,
    image: vm.image,
    region: vm.region,
    site_type: "core",
    specs: specs(vm.type),
    alerts: {
      cpu: 90 * vm.type.vcpus,
      network_in: 10,
      network_out: 10,
      transfer_quota: 80,
      io: 10_000,
      system_alerts: [],
      user_alerts: [],
    },
    backups: {
      enabled: false,
      available: false,
      schedule: { day: null, window: null },
      last_successful: null,
    },
    hypervisor: "kvm",
    watchdog_enabled: true,
    tags: vm.tags,
    host_uuid: vm.hostUuid,
    has_user_data: vm.userData !== "",
    placement_group: null,
    disk_encryption: "enabled",
    lke_cluster_id: null,
    capabilities: ["Block Storage Encryption", "SMTP Enabled", "Maintenance Policy"],
    interface_generation: vm.generation,
    maintenance_policy: "linode/migrate",
    locks: [],
  };
}

export function typeView(type: GpuType, prices: PriceList): Record<string, unknown> {
  return {
    id: type.id,
    label: type.label,
    class: "gpu",
    ...specs(type),
    network_out: type.id.startsWith("g1-") ? 10_000 : 16_000,
    // Null for GPU types since July 2026, when their monthly cap was removed.
    price: { hourly: usd(prices.hourly(type.id, "")), monthly: null },
    region_prices: prices
      .exceptions(type.id)
      .map(({ region, hourly }) => ({ id: region, hourly: usd(hourly), monthly: null })),
    addons: { backups: { price: { hourly: null, monthly: null }, region_prices: [] } },
    successor: null,
  };
}

export function regionView(region: Region): Record<string, unknown> {
  const common = ["Linodes", "Block Storage", "Cloud Firewall", "Vlans", "VPCs", "Metadata"];
  return {
    id: region.id,
    label: region.label,
    country: region.country,
    capabilities:
      region.site === "core"
        ? [
            ...common,
            "Disk Encryption",
            "Linode Interfaces",
            ...(region.gpu ? ["GPU Linodes"] : []),
          ]
        : ["Linodes", "Cloud Firewall", "Distributed Plans"],
    monitors: { alerts: [], metrics: [] },
    status: "ok",
    resolvers: { ipv4: "192.0.2.53", ipv6: "2001:db8::53" },
    placement_group_limits: { maximum_pgs_per_customer: 100, maximum_linodes_per_pg: 5 },
    site_type: region.site,
  };
}

const vmEntity = (vm: Vm) => ({
  id: vm.id,
  type: "linode",
  label: vm.label,
  url: `/v4/linode/instances/${vm.id}`,
  parent_entity: null,
});

export function rulesView(firewall: Firewall): Record<string, unknown> {
  return { ...firewall.rules, version: firewall.version, fingerprint: fingerprint(firewall) };
}

/** @param attached the VMs that it protects */
export function firewallView(
  firewall: Firewall,
  attached: readonly Vm[],
  time: RouteCall["time"],
): Record<string, unknown> {
  return {
    id: firewall.id,
    label: firewall.label,
    created: time(firewall.createdMs),
    updated: time(firewall.updatedMs),
    status: "enabled",
    rules: rulesView(firewall),
    tags: firewall.tags,
    entities: attached.map(vmEntity),
  };
}

function fingerprint(firewall: Firewall): string {
  return (firewall.id * 4_096 + firewall.version).toString(16).padStart(8, "0").slice(-8);
}
