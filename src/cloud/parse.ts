import { microUsd } from "../support/money.ts";
import type { Availability, CloudFirewall, CloudVm, TypePrice } from "./cloud.ts";

/**
 * Thrown if a reply lacks a field that we cannot do without. Other fields may be missing, since Linode's specification
 * marks almost none as required, and one unusual VM must not make the entire list unreadable.
 */
export class UnreadableReply extends Error {}

/** @throws UnreadableReply */
export function parseVm(reply: unknown): CloudVm {
  const row = recordOf(reply, "a VM");
  return {
    id: idOf(row),
    label: labelOf(row),
    type: textOf(row["type"]),
    region: textOf(row["region"]),
    status: textOf(row["status"]),
    ipv4: listOf(row["ipv4"]).find(isPublic),
    createdMs: epochMs(row["created"]),
    tags: listOf(row["tags"]).filter((tag) => typeof tag === "string"),
  };
}

/** @throws UnreadableReply */
export function parseFirewall(reply: unknown): CloudFirewall {
  const row = recordOf(reply, "a firewall");
  return { id: idOf(row), label: labelOf(row), createdMs: epochMs(row["created"]) };
}

/** @returns undefined for a type without an hourly price. @throws UnreadableReply */
export function parseTypePrice(reply: unknown): TypePrice | undefined {
  const row = recordOf(reply, "a type");
  const id = row["id"];
  // The monthly price, which would cap the hourly charges, is null for GPU types since 2026-07-01.
  const hourly = hourlyOf(row["price"]);
  if (typeof id !== "string" || hourly === undefined) return undefined;
  const byRegion = new Map<string, number>();
  for (const exception of listOf(row["region_prices"])) {
    const price = hourlyOf(exception);
    const region = (exception as { id?: unknown } | null)?.id;
    if (price !== undefined && typeof region === "string") byRegion.set(region, price);
  }
  return { id, hourly, byRegion };
}

/** @throws UnreadableReply */
export function parseAvailability(reply: unknown): Availability {
  const row = recordOf(reply, "a row of the availability");
  return {
    region: textOf(row["region"]),
    type: textOf(row["plan"]),
    available: row["available"] === true,
  };
}

/** @throws UnreadableReply */
export function parsePage<T>(
  reply: unknown,
  parseRow: (row: unknown) => T,
): { readonly rows: readonly T[]; readonly pages: number; readonly results: number | undefined } {
  const page = recordOf(reply, "a page of a list");
  if (!Array.isArray(page["data"])) throw new UnreadableReply("a page of a list has no rows");
  return {
    rows: page["data"].map(parseRow),
    pages: typeof page["pages"] === "number" ? page["pages"] : 1,
    results: typeof page["results"] === "number" ? page["results"] : undefined,
  };
}

/**
 * Milliseconds since the epoch. Linode writes UTC times without a zone, which `Date` would take for local times.
 * @returns 0 for an invalid time
 */
export function epochMs(time: unknown): number {
  if (typeof time !== "string") return 0;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(time) ? time : `${time.replace(" ", "T")}Z`;
  const parsed = Date.parse(zoned);
  return Number.isNaN(parsed) ? 0 : parsed;
}

/** @throws UnreadableReply */
export function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new UnreadableReply(`${what} was expected`);
  }
  return value as Record<string, unknown>;
}

function idOf(row: Readonly<Record<string, unknown>>): number {
  if (!Number.isSafeInteger(row["id"])) throw new UnreadableReply("a reply has no id");
  return row["id"] as number;
}

function labelOf(row: Readonly<Record<string, unknown>>): string {
  if (typeof row["label"] !== "string") throw new UnreadableReply("a reply has no label");
  return row["label"];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Linode's private addresses are in 192.168.128.0/17. */
function isPublic(address: unknown): address is string {
  return typeof address === "string" && !address.startsWith("192.168.");
}

function hourlyOf(price: unknown): number | undefined {
  const hourly = (price as { hourly?: unknown } | null | undefined)?.hourly;
  return typeof hourly === "number" && hourly >= 0 ? microUsd(hourly) : undefined;
}
