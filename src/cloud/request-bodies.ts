import { isIPv6 } from "node:net";
import { CloudError, type CreateFirewall, type CreateVm } from "./cloud.ts";
import type { LinodeSdk } from "./linode-connection.ts";

const MAX_USER_DATA_BYTES = 16_384;

/** @throws CloudError `validation` if the user-data is too large */
export function vmBody(request: CreateVm): Parameters<LinodeSdk["createLinode"]>[0] {
  // The specification allows 65,535 bytes, but two independent tools found that the API refuses more than 16,384.
  if (Buffer.byteLength(request.userData) > MAX_USER_DATA_BYTES) {
    throw new CloudError("validation", "the user-data is larger than 16,384 bytes", {
      sent: false,
    });
  }
  return {
    label: request.label,
    type: request.type,
    region: request.region,
    image: request.image,
    root_pass: request.rootPassword,
    authorized_keys: [...request.authorizedKeys],
    metadata: { user_data: Buffer.from(request.userData).toString("base64") },
    tags: [...request.tags],
    booted: true,
    backups_enabled: false,
    // The account's default may be `linode`, which accepts no `firewall_id`. Set here, the firewall protects the VM from
    // its first second.
    interface_generation: "legacy_config",
    firewall_id: request.firewallId,
  };
}

export function firewallBody(request: CreateFirewall): Parameters<LinodeSdk["createFirewall"]>[0] {
  const { label, tags, sshCidrs } = request;
  return { label, tags: [...tags], rules: firewallRules(sshCidrs) };
}

/** Allows inbound SSH from these ranges, and all outbound traffic. */
export function firewallRules(
  sshCidrs: readonly string[],
): Parameters<LinodeSdk["updateFirewallRules"]>[1] {
  const ipv6 = sshCidrs.filter((cidr) => isIPv6(cidr.split("/")[0] ?? ""));
  const ipv4 = sshCidrs.filter((cidr) => !ipv6.includes(cidr));
  return {
    inbound_policy: "DROP",
    inbound: [
      {
        label: "ssh",
        action: "ACCEPT",
        protocol: "TCP",
        ports: "22",
        addresses: {
          ...(ipv4.length > 0 && { ipv4 }),
          ...(ipv6.length > 0 && { ipv6 }),
        },
      },
    ],
    outbound_policy: "ACCEPT",
    outbound: [],
  };
}
