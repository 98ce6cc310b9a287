import { vmView } from "./api-views.ts";
import { idOf, listed, type Route, route } from "./route.ts";
import type { Vm } from "../world/vm.ts";

/** The keys that may be filtered on; the API refuses `status` and `type`. */
const FIELDS: Readonly<Record<string, (vm: Vm) => unknown>> = {
  id: (vm) => vm.id,
  label: (vm) => vm.label,
  region: (vm) => vm.region,
  tags: (vm) => vm.tags,
  image: (vm) => vm.image,
  ipv4: (vm) => vm.ipv4,
  group: () => "",
  interface_generation: (vm) => vm.generation,
};

export const instanceRoutes: readonly Route[] = [
  route("POST", "/linode/instances", "linodes:read_write", ({ world, account, body, time }) =>
    vmView(world.vms.create(account, body), time),
  ),
  route("GET", "/linode/instances", "linodes:read_only", (call) =>
    listed(call, call.world.vms.list(call.account, call.listMs), FIELDS, (vm) =>
      vmView(vm, call.time),
    ),
  ),
  route("GET", "/linode/instances/*", "linodes:read_only", (call) =>
    vmView(call.world.vms.get(call.account, idOf(call)), call.time),
  ),
  route("DELETE", "/linode/instances/*", "linodes:read_write", (call) => {
    call.world.vms.remove(call.account, idOf(call));
    return {};
  }),
  route("POST", "/linode/instances/*/reboot", "linodes:read_write", (call) => {
    call.world.vms.reboot(call.account, idOf(call));
    return {};
  }),
  route("POST", "/linode/instances/*/boot", "linodes:read_write", (call) => {
    call.world.vms.boot(call.account, idOf(call));
    return {};
  }),
];
