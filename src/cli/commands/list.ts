import { createConnection } from "node:net";
import { isoUtc } from "../../support/clock.ts";
import { ExitCode } from "../../support/errors.ts";
import { usd } from "../../support/money.ts";
import { renderTable, UNLIMITED } from "../../report/render-table.ts";
import type { Handler } from "../command.ts";
import { heldVms, type HeldVm } from "../../sessions/held-vms.ts";
import { locationsOf } from "../requests.ts";
import { findSession, sessionPlaces, type SessionPlaces } from "../../sessions/find-session.ts";

const LOOK_MS = 1_000;

/** The VMs that `up` left, as their journals tell; reads only, and asks no cloud. */
export const list: Handler = async (call) => {
  const { options, terminal } = call;
  const { stateDir: state } = locationsOf(call);
  const places = sessionPlaces(terminal.env, state);
  const rows = await Promise.all(
    (await heldVms(state)).map(async (vm) => ({ vm, ...(await tunnelOf(vm, places)) })),
  );
  if (options["json"] === true) {
    const vms = rows.map(({ vm, apiBase, open }) => ({
      session: vm.name,
      run: vm.run,
      label: vm.rental.label,
      gpu: vm.rental.gpu,
      region: vm.rental.region,
      model: vm.rental.models[0] ?? null,
      ip: vm.rental.ipv4 ?? null,
      stage: vm.rental.stage,
      api_base: apiBase ?? null,
      tunnel: open,
      since: vm.rental.createSentMs === undefined ? null : isoUtc(vm.rental.createSentMs),
      held_until: vm.rental.heldUntilMs === undefined ? null : isoUtc(vm.rental.heldUntilMs),
      expires: isoUtc(vm.rental.expiresMs),
      price_per_hour: usd(vm.rental.priceMicroUsd),
      spent_usd: vm.spentUsd,
      reserved_usd: vm.reservedUsd,
      simulated: vm.simulated,
    }));
    terminal.stdout.write(`${JSON.stringify({ vms }, undefined, 2)}\n`);
    return ExitCode.done;
  }
  if (rows.length === 0) {
    terminal.stdout.write("nothing is up\n");
    return ExitCode.done;
  }
  const table = renderTable(
    ["Session", "GPU type", "Model", "Stage", "Until", "So far", "API"].map((head) => ({ head })),
    rows.map(({ vm, apiBase, open }) => [
      vm.simulated ? `${vm.name} (SIMULATED)` : vm.name,
      vm.rental.gpu,
      vm.rental.models[0] ?? "",
      vm.rental.stage,
      isoUtc(vm.rental.heldUntilMs ?? vm.rental.deadlineMs)
        .slice(0, 16)
        .replace("T", " "),
      `$${vm.spentUsd.toFixed(2)}`,
      apiBase === undefined ? "" : open ? apiBase : `${apiBase} (tunnel is down)`,
    ]),
    UNLIMITED,
  );
  terminal.stdout.write(`${table}\n`);
  return ExitCode.done;
};

async function tunnelOf(
  { name, run }: HeldVm,
  places: SessionPlaces,
): Promise<{ readonly apiBase: string | undefined; readonly open: boolean }> {
  try {
    const session = findSession(name, places, process.cwd());
    if (session.rental?.run !== run || session.apiBase === undefined)
      return { apiBase: undefined, open: false };
    const { port } = new URL(session.apiBase);
    return { apiBase: session.apiBase, open: await answers(Number(port)) };
  } catch {
    return { apiBase: undefined, open: false };
  }
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: LOOK_MS });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => {
      end(true);
    });
    for (const event of ["error", "timeout"] as const) {
      socket.once(event, () => {
        end(false);
      });
    }
  });
}
