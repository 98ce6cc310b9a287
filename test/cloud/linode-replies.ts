/** Replies with every field that Linode sent in 2026, with made-up values. */
export const VM_REPLY = {
  id: 4_242,
  label: "mds-k3v9q2ab-001-x7f2-xt5k2s0",
  group: "",
  status: "provisioning",
  created: "2026-05-01T12:00:00",
  updated: "2026-05-01T12:00:00",
  type: "g2-gpu-rtx4000a1-s",
  ipv4: ["192.168.130.7", "203.0.113.20"],
  ipv6: "2600:3c03::f03c:95ff:fe00:1/128",
  image: "linode/ubuntu24.04",
  region: "us-sea",
  site_type: "core",
  specs: {
    disk: 512_000,
    memory: 16_384,
    vcpus: 4,
    gpus: 1,
    transfer: 0,
    accelerated_devices: 0,
  },
  alerts: {
    cpu: 360,
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
  tags: ["maider-sweep"],
  host_uuid: "3a3ddd59d9a78bb8de041391075df44de62bfec8",
  has_user_data: true,
  placement_group: null,
  disk_encryption: "enabled",
  lke_cluster_id: null,
  capabilities: ["Block Storage Encryption"],
  interface_generation: "legacy_config",
  maintenance_policy: "linode/migrate",
  locks: [],
};

export const FIREWALL_REPLY = {
  id: 77,
  label: "mds-k3v9q2ab-xt5k2s0",
  created: "2026-05-01T11:59:58",
  updated: "2026-05-01T11:59:58",
  status: "enabled",
  tags: [],
  entities: [
    {
      id: 4_242,
      type: "linode",
      label: "a",
      url: "/v4/linode/instances/4242",
      parent_entity: null,
    },
  ],
  rules: {
    version: 1,
    fingerprint: "997dd135",
    inbound_policy: "DROP",
    inbound: [{ action: "ACCEPT", protocol: "TCP", ports: "22", addresses: { ipv4: [] } }],
    outbound_policy: "ACCEPT",
    outbound: null,
  },
};

export const TYPES_REPLY = [
  {
    id: "g2-gpu-rtx4000a1-s",
    label: "RTX4000 Ada x1 Small",
    class: "gpu",
    price: { hourly: 0.52, monthly: null },
    region_prices: [],
    addons: { backups: { price: { hourly: null, monthly: null }, region_prices: [] } },
    gpus: 1,
  },
  {
    id: "g3-gpu-rtxpro6000-blackwell-1",
    class: "gpu",
    price: { hourly: 2.5, monthly: null },
    region_prices: [
      { id: "br-gru", hourly: 3.5, monthly: null },
      { id: "xx-odd", hourly: null, monthly: null },
    ],
  },
  { id: "nanode-free", class: "nanode", price: { hourly: null, monthly: null }, region_prices: [] },
];

export const PROFILE_REPLY = {
  uid: 1_234,
  username: "someone",
  email: "someone@example.com",
  restricted: false,
  timezone: "GMT",
  two_factor_auth: true,
  authorized_keys: null,
  lish_auth_method: "keys_only",
};

export const ACCOUNT_REPLY = {
  euuid: "E1AF5EEC-526F-487D-B317EBEB34C87D71",
  company: "",
  email: "someone@example.com",
  balance: 0,
  balance_uninvoiced: 12.345,
  capabilities: ["Linodes", "Cloud Firewall"],
  active_since: "2020-01-01T00:00:00",
};

/** An error reply in Linode's format. */
export function errorsReply(reason: string, field?: string): { errors: readonly object[] } {
  return { errors: [field === undefined ? { reason } : { reason, field }] };
}

/** One page of a list in Linode's format. */
export function pageReply(rows: readonly unknown[], page = 1, pageSize = 500): object {
  const from = (page - 1) * pageSize;
  return {
    data: rows.slice(from, from + pageSize),
    page,
    pages: Math.max(1, Math.ceil(rows.length / pageSize)),
    results: rows.length,
  };
}
