import type { ModelFacts } from "../../catalog/models.ts";
import { gpuName, modelName } from "../../catalog/short-names.ts";
import type { GpuOffer } from "../../estimate/gpu-offers.ts";
import type { ModelFit } from "../../plan/model-fits.ts";
import { renderTable, type Column } from "../../report/render-table.ts";
import { formatUsd, usd } from "../../support/money.ts";

/** A model with the GPU types that were asked about and that it fits. */
export interface FittingModel {
  readonly model: ModelFacts;
  readonly fits: readonly ModelFit[];
}

/** `memory_gib` is that of all cards of the type together. */
export function gpusJson(offers: readonly GpuOffer[]): object {
  return {
    gpus: offers.map(({ gpu, hourly, regions, prices }) => ({
      id: gpu.id,
      name: gpuName(gpu.id),
      cards: gpu.gpus,
      memory_gib: gpu.gpus * gpu.card.vramGb,
      price_per_hour: usd(hourly),
      regions,
      prices,
    })),
  };
}

export function gpusTable(offers: readonly GpuOffer[], width: number): string {
  return table(
    [
      { head: "GPU type" },
      { head: "Cards", shrinks: true },
      { head: "Memory", align: "right" },
      { head: "$/hour", align: "right" },
      { head: "Regions" },
    ],
    offers.map(({ gpu, hourly, regions, prices }) => [
      gpuName(gpu.id),
      `${String(gpu.gpus)} x ${gpu.card.name}`,
      `${String(gpu.gpus * gpu.card.vramGb)} GiB`,
      formatUsd(hourly),
      prices === "built-in" ? "unknown" : regionsText(regions),
    ]),
    width,
  );
}

export function modelsJson(models: readonly FittingModel[]): object {
  return {
    models: models.map(({ model, fits }) => ({
      id: model.id,
      name: modelName(model.id),
      fits: fits.map(({ gpu, largestModelLen }) => ({
        gpu: gpu.id,
        max_model_len: largestModelLen,
      })),
    })),
  };
}

/** Each model with the cheapest GPU type that it fits. */
export function modelsTable(models: readonly FittingModel[], width: number): string {
  return table(
    [
      { head: "Model", shrinks: true },
      { head: "Cheapest GPU" },
      { head: "Window", align: "right" },
      { head: "Fits on", align: "right" },
    ],
    models.map(({ model, fits }) => {
      const [cheapest] = fits.toSorted((a, b) => a.gpu.hourly - b.gpu.hourly);
      return [
        modelName(model.id),
        cheapest === undefined ? "none" : gpuName(cheapest.gpu.id),
        cheapest === undefined ? "" : tokens(cheapest.largestModelLen),
        fits.length === 1 ? "1 type" : `${String(fits.length)} types`,
      ];
    }),
    width,
  );
}

/** One model, with every GPU type that it fits. */
export function fitsTable({ fits }: FittingModel, width: number): string {
  return table(
    [{ head: "GPU type" }, { head: "Cards", shrinks: true }, { head: "Window", align: "right" }],
    fits.map(({ gpu, largestModelLen }) => [
      gpuName(gpu.id),
      `${String(gpu.gpus)} x ${gpu.card.name}`,
      tokens(largestModelLen),
    ]),
    width,
  );
}

function regionsText([first, ...more]: readonly string[]): string {
  if (first === undefined) return "sold out";
  return more.length === 0 ? first : `${first} +${String(more.length)}`;
}

function tokens(count: number): string {
  return count.toLocaleString("en-US");
}

const PAGE_COLUMNS = 80;

function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  return `${renderTable(columns, rows, { width: Math.min(width, PAGE_COLUMNS), colour: false })}\n`;
}
