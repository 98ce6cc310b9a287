import { firewallView, rulesView } from "./api-views.ts";
import type { Firewall } from "../world/firewalls.ts";
import { idOf, listed, type Route, type RouteCall, route } from "./route.ts";
import type { Vm } from "../world/vm.ts";

const READ = "firewall:read_only";
const WRITE = "firewall:read_write";

const attachedVms = (call: RouteCall, firewall: Firewall): readonly Vm[] =>
  call.world.vms.list(call.account, call.world.now()).filter((vm) => vm.firewallId === firewall.id);

const view = (call: RouteCall, firewall: Firewall): unknown =>
  firewallView(firewall, attachedVms(call, firewall), call.time);

const findFirewall = (call: RouteCall): Firewall =>
  call.world.firewalls.get(call.account, idOf(call));

export const firewallRoutes: readonly Route[] = [
  route("POST", "/networking/firewalls", WRITE, (call) => {
    const { world, account, body } = call;
    return view(call, world.firewalls.create(account, body, world.now()));
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
  route("GET", "/networking/firewalls/*", READ, (call) => view(call, findFirewall(call))),
  route("DELETE", "/networking/firewalls/*", WRITE, (call) => {
    call.world.firewalls.remove(call.account, idOf(call), call.world.now());
    return {};
  }),
  route("PUT", "/networking/firewalls/*/rules", WRITE, (call) => {
    const { world, account, body } = call;
    return rulesView(world.firewalls.setRules(account, idOf(call), body, world.now()));
  }),
];
