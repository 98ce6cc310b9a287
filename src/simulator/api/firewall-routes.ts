import { deviceView, firewallView, rulesView } from "./api-views.ts";
import type { Firewall } from "../world/firewalls.ts";
import { badRequest, notFound } from "./api-error.ts";
import { idOf, listed, NO_FIELDS, type Route, type RouteCall, route } from "./route.ts";
import type { Vm } from "../world/vms.ts";

const READ = "firewall:read_only";
const WRITE = "firewall:read_write";

const attached = (call: RouteCall, firewall: Firewall): readonly Vm[] =>
  call.world.vms.list(call.account, call.world.now()).filter((vm) => vm.firewallId === firewall.id);

const view = (call: RouteCall, firewall: Firewall): unknown =>
  firewallView(firewall, attached(call, firewall));

const named = (call: RouteCall): Firewall => call.world.firewalls.get(call.account, idOf(call));

/** @throws Refusal where the VM already has a firewall: only one may be active. */
function attach(call: RouteCall, firewall: Firewall, id: unknown): Vm {
  if (typeof id !== "number") throw badRequest("id is required", "id");
  const vm = call.world.vms.get(call.account, id);
  if (vm.firewallId !== undefined && call.world.firewalls.find(vm.firewallId) !== undefined)
    throw badRequest("Linode already has an active firewall assigned", "id");
  vm.firewallId = firewall.id;
  return vm;
}

export const firewallRoutes: readonly Route[] = [
  route("POST", "/networking/firewalls", WRITE, (call) => {
    const { world, account, body } = call;
    const firewall = world.firewalls.create(account, body, world.now());
    const devices = body["devices"] as { linodes?: number[] } | null | undefined;
    for (const id of devices?.linodes ?? []) attach(call, firewall, id);
    return view(call, firewall);
  }),
  route("GET", "/networking/firewalls", READ, (call) =>
    listed(
      call,
      call.world.firewalls.list(call.account, call.listMs),
      {
        id: (firewall) => firewall.id,
        label: (firewall) => firewall.label,
        tags: (firewall) => firewall.tags,
      },
      (firewall) => view(call, firewall),
    ),
  ),
  route("GET", "/networking/firewalls/settings", READ, () => ({
    default_firewall_ids: {
      linode: null,
      nodebalancer: null,
      public_interface: null,
      vpc_interface: null,
    },
  })),
  route("GET", "/networking/firewalls/*", READ, (call) => view(call, named(call))),
  route("DELETE", "/networking/firewalls/*", WRITE, (call) => {
    call.world.firewalls.remove(call.account, idOf(call), call.world.now());
    return {};
  }),
  route("GET", "/networking/firewalls/*/rules", READ, (call) => rulesView(named(call))),
  route("PUT", "/networking/firewalls/*/rules", WRITE, (call) => {
    const { world, account, body } = call;
    return rulesView(world.firewalls.setRules(account, idOf(call), body, world.now()));
  }),
  route("GET", "/networking/firewalls/*/devices", READ, (call) => {
    const firewall = named(call);
    return listed(call, attached(call, firewall), NO_FIELDS, (vm) => deviceView(firewall, vm));
  }),
  route("POST", "/networking/firewalls/*/devices", WRITE, (call) => {
    const firewall = named(call);
    if (call.body["type"] !== "linode")
      throw badRequest("Must be one of linode, linode_interface, nodebalancer", "type");
    return deviceView(firewall, attach(call, firewall, call.body["id"]));
  }),
  route("DELETE", "/networking/firewalls/*/devices/*", WRITE, (call) => {
    const firewall = named(call);
    const vm = attached(call, firewall).find((candidate) => candidate.id === idOf(call, 1));
    if (vm === undefined) throw notFound();
    vm.firewallId = undefined;
    return {};
  }),
];
