import { renderTable, UNLIMITED } from "../../report/render-table.ts";
import type { ListedVm } from "../../sessions/list-held.ts";
import { isoUtc } from "../../support/clock.ts";
import { usd } from "../../support/money.ts";

export function heldVmsJson(vms: readonly ListedVm[]): object {
  return {
    vms: vms.map(({ apiBase, name, rental, reservedUsd, run, simulated, spentUsd, ...vm }) => ({
      session: name,
      run,
      label: rental.label,
      gpu: rental.gpu,
      region: rental.region,
      model: rental.models[0] ?? null,
      ip: rental.ipv4 ?? null,
      stage: rental.stage,
      api_base: apiBase ?? null,
      tunnel: vm.tunnelAnswers,
      since: rental.createSentMs === undefined ? null : isoUtc(rental.createSentMs),
      held_until: rental.heldUntilMs === undefined ? null : isoUtc(rental.heldUntilMs),
      expires: isoUtc(rental.expiresMs),
      price_per_hour: usd(rental.priceMicroUsd),
      spent_usd: spentUsd,
      reserved_usd: reservedUsd,
      simulated,
    })),
  };
}

export function heldVmsTable(vms: readonly ListedVm[]): string {
  if (vms.length === 0) return "nothing is up\n";
  const heads = ["Session", "GPU type", "Model", "Stage", "Until", "So far", "API"];
  const rows = vms.map(({ apiBase, name, rental, simulated, spentUsd, tunnelAnswers }) => [
    simulated ? `${name} (SIMULATED)` : name,
    rental.gpu,
    rental.models[0] ?? "",
    rental.stage,
    isoUtc(rental.heldUntilMs ?? rental.deadlineMs)
      .slice(0, 16)
      .replace("T", " "),
    `$${spentUsd.toFixed(2)}`,
    apiBase === undefined ? "" : tunnelAnswers ? apiBase : `${apiBase} (tunnel is down)`,
  ]);
  const columns = heads.map((head) => ({ head }));
  return `${renderTable(columns, rows, UNLIMITED)}\n`;
}
