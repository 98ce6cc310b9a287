import { makeInvoice } from "../world/invoice.ts";
import { listed, NO_FIELDS, type Route, route } from "./route.ts";

export const accountRoutes: readonly Route[] = [
  route("GET", "/profile", "", ({ account }) => ({
    username: account,
    uid: uidOf(account),
    email: `${account}@example.com`,
    timezone: "UTC",
    email_notifications: false,
    ip_whitelist_enabled: false,
    lish_auth_method: "keys_only",
    authorized_keys: null,
    two_factor_auth: true,
    restricted: false,
    user_type: "default",
    authentication_type: "password",
    verified_phone_number: null,
    referrals: { code: "", url: "", total: 0, completed: 0, pending: 0, credit: 0 },
  })),
  // It is not known whether this needs account:read_only.
  route("GET", "/profile/tokens", "", (call) =>
    listed(
      call,
      call.world.tokens.listFor(call.account),
      NO_FIELDS,
      ({ token, scopes, expiryMs }) => ({
        id: uidOf(token),
        label: "simulated",
        token: token.slice(0, 16),
        scopes,
        created: "2024-01-01T00:00:00",
        expiry: expiryMs === undefined ? null : call.time(expiryMs),
      }),
    ),
  ),
  route("GET", "/account", "account:read_only", ({ world, account }) => {
    const own = world.vms.all().filter((vm) => vm.account === account);
    return {
      euuid: `00000000-0000-4000-8000-${String(uidOf(account)).padStart(12, "0")}`,
      company: account,
      email: `${account}@example.com`,
      ...EMPTY_ADDRESS,
      active_since: "2024-01-01T00:00:00",
      active_promotions: [],
      balance: 0,
      balance_uninvoiced: makeInvoice(own, world.now()).usd,
      billing_source: "akamai",
      capabilities: ["Linodes", "Cloud Firewall", "Disk Encryption", "Linode Interfaces"],
      credit_card: null,
    };
  }),
  route("GET", "/account/settings", "account:read_only", () => ({
    backups_enabled: false,
    interfaces_for_new_linodes: "linode_default_but_legacy_config_allowed",
    longview_subscription: null,
    maintenance_policy: "linode/migrate",
    managed: false,
    network_helper: true,
    object_storage: "disabled",
  })),
];

const EMPTY_ADDRESS = {
  address_1: "",
  address_2: "",
  city: "",
  country: "US",
  first_name: "",
  last_name: "",
  phone: "",
  state: "",
  tax_id: "",
  zip: "",
};

function uidOf(account: string): number {
  return account.length * 1_009 + account.charCodeAt(0);
}
