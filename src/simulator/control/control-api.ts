import { z } from "zod";
import { isoUtc } from "../../support/clock.ts";
import { errorText } from "../../support/errors.ts";
import { microUsd, usd } from "../../support/money.ts";
import type { ApiFaults } from "../faults/api-faults.ts";
import { parseFaults } from "../faults/fault-scripts.ts";
import { charge, chargedHours, makeInvoice } from "../world/invoice.ts";
import type { RequestLog } from "../api/request-log.ts";
import type { ServedRequest } from "../world/simulated-vm.ts";
import { MAIN_ACCOUNT } from "../world/tokens.ts";
import type { World } from "../world/world.ts";
import type { WorldClock } from "../world/world-clock.ts";

export interface ControlApiParts {
  readonly world: World;
  readonly clock: WorldClock;
  readonly faults: ApiFaults;
  readonly log: RequestLog;
  readonly token: string;
  readonly sshPort: number;
  served(): readonly ServedRequest[];
}

/** Reads and changes the world without a token. @param path the part after `/simulator` */
export type ControlApi = (
  method: string,
  path: string,
  body: string,
) => { readonly status: number; readonly body: unknown };

const tokenChange = z.strictObject({
  token: z.string().min(1),
  scopes: z.string().optional(),
  expiry: z.iso.datetime({ offset: true, local: true }).nullable().optional(),
  revoked: z.boolean().optional(),
  account: z.string().optional(),
});
const priceChange = z.strictObject({ type: z.string(), hourly: z.number().min(0) });
const speedChange = z.strictObject({ speed: z.number().positive() });

export function createControlApi(parts: ControlApiParts): ControlApi {
  const { world, clock, faults } = parts;
  /** With `"auto"`, time passes at real speed until a client sets the speed. */
  const time = () => (clock.isAuto() ? { ...clock.time(), speed: "auto" } : clock.time());
  const requests: Readonly<Record<string, (body: unknown) => unknown>> = {
    "GET /state": () => worldState(world),
    "GET /invoice": () =>
      makeInvoice(
        world.vms.all().filter((vm) => vm.account === MAIN_ACCOUNT),
        world.now(),
      ),
    "GET /requests": () => ({ requests: parts.log.all() }),
    "GET /served": () => ({ requests: parts.served() }),
    "GET /world": () => ({
      world: world.id,
      token: parts.token,
      ssh_port: parts.sshPort,
      client_cidr: world.clientCidr(),
    }),
    "GET /clock": time,
    "POST /clock": (body) => {
      const { speed } = speedChange.parse(body);
      if (world.vms.all().length > 0) throw new Conflict("a VM exists already");
      if (!clock.isAuto()) throw new Conflict("the speed is set already");
      clock.setSpeed(speed);
      return time();
    },
    "POST /tokens": (body) => {
      const { expiry, ...change } = tokenChange.parse(body);
      const token = world.tokens.put({
        ...change,
        ...(expiry === undefined ? {} : { expiryMs: expiry === null ? undefined : utcMs(expiry) }),
      });
      const { expiryMs, ...rest } = token;
      return { ...rest, expiry: expiryMs === undefined ? null : isoUtc(expiryMs) };
    },
    "POST /price": (body) => {
      const { type, hourly } = priceChange.parse(body);
      world.prices.setHourly(type, microUsd(hourly));
      return { type, hourly };
    },
    "POST /faults": (body) => {
      const script = parseFaults(body);
      faults.add(script.api);
      world.addMachineFaults(script.machines);
      world.addStockFaults(script.stock);
      world.addAddressFaults(script.address);
      return {};
    },
    "DELETE /faults": () => {
      faults.clear();
      world.clearFaults();
      return {};
    },
  };
  return (method, path, body) => {
    world.settle();
    const run = requests[`${method} ${path}`];
    if (run === undefined) return { status: 404, body: { error: "not found" } };
    try {
      return { status: 200, body: run(body === "" ? {} : (JSON.parse(body) as unknown)) };
    } catch (error) {
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : errorText(error);
      return { status: error instanceof Conflict ? 409 : 400, body: { error: reason } };
    }
  };
}

class Conflict extends Error {}

/** All VMs and firewalls that ever existed, of all accounts. */
function worldState(world: World): unknown {
  const nowMs = world.now();
  const isoOrNull = (ms: number | undefined): string | null =>
    ms === undefined ? null : isoUtc(ms);
  return {
    now: isoUtc(nowMs),
    vms: world.vms.all().map((vm) => ({
      id: vm.id,
      label: vm.label,
      type: vm.type.id,
      region: vm.region,
      tags: vm.tags,
      ipv4: vm.ipv4,
      status: vm.status,
      created: isoUtc(vm.createdMs),
      deleted: isoOrNull(vm.deletedMs),
      hours: chargedHours(vm, nowMs),
      usd: usd(charge(vm, nowMs)),
      account: vm.account,
    })),
    firewalls: world.firewalls.all().map(({ id, label, deletedMs, account }) => ({
      id,
      label,
      deleted: isoOrNull(deletedMs),
      account,
    })),
  };
}

/** Milliseconds since the epoch. Linode writes UTC times without a zone. */
function utcMs(text: string): number {
  return Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`);
}
