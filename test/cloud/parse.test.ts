import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  epochMs,
  parseFirewall,
  parsePage,
  parseTypePrice,
  parseVm,
  UnreadableReply,
} from "../../src/cloud/parse.ts";
import { FIREWALL_REPLY, pageReply, TYPES_REPLY, VM_REPLY } from "./linode-replies.ts";

describe("a VM", () => {
  it("has its public address and its time in UTC", () => {
    expect(parseVm(VM_REPLY)).toEqual({
      id: 4_242,
      label: "mds-k3v9q2ab-001-x7f2-xt5k2s0",
      type: "g2-gpu-rtx4000a1-s",
      region: "us-sea",
      status: "provisioning",
      ipv4: "203.0.113.20",
      createdMs: Date.UTC(2026, 4, 1, 12),
      tags: ["maider-sweep"],
    });
  });
  it("may lack almost every field", () => {
    expect(parseVm({ id: 1, label: "x", type: null, ipv4: null, status: "brand_new" })).toEqual({
      id: 1,
      label: "x",
      type: "",
      region: "",
      status: "brand_new",
      ipv4: undefined,
      createdMs: 0,
      tags: [],
    });
  });
  it.each([null, "<html>", [], {}, { id: "7", label: "x" }, { id: 7 }])(
    "%j is not one",
    (reply) => {
      expect(() => parseVm(reply)).toThrow(UnreadableReply);
    },
  );
});

it("a firewall has an id, a label and its time", () => {
  expect(parseFirewall(FIREWALL_REPLY)).toEqual({
    id: 77,
    label: "mds-k3v9q2ab-xt5k2s0",
    createdMs: Date.UTC(2026, 4, 1, 11, 59, 58),
  });
});

it("a price has its exceptions by region, and a type without a price is omitted", () => {
  expect(TYPES_REPLY.map(parseTypePrice)).toEqual([
    { id: "g2-gpu-rtx4000a1-s", hourly: 520_000, byRegion: new Map() },
    {
      id: "g3-gpu-rtxpro6000-blackwell-1",
      hourly: 2_500_000,
      byRegion: new Map([["br-gru", 3_500_000]]),
    },
    undefined,
  ]);
});

it("a page without rows is an error: a wrong reply must never become an empty list", () => {
  for (const reply of ["<html>", {}, { data: null }, null]) {
    expect(() => parsePage(reply, parseVm)).toThrow(UnreadableReply);
  }
  expect(parsePage(pageReply([]), parseVm)).toEqual({ rows: [], pages: 1, results: 0 });
});

describe("a time", () => {
  it.each([
    ["2026-05-01T12:00:00", Date.UTC(2026, 4, 1, 12)],
    ["2026-05-01 12:00:00", Date.UTC(2026, 4, 1, 12)],
    ["2026-05-01T12:00:00Z", Date.UTC(2026, 4, 1, 12)],
    ["2026-05-01T12:00:00+02:00", Date.UTC(2026, 4, 1, 10)],
    ["yesterday", 0],
    [null, 0],
  ])("%j", (text, expected) => {
    expect(epochMs(text)).toBe(expected);
  });
});

it("the parsers throw nothing but UnreadableReply for any reply", () => {
  const outcome = (parse: (reply: unknown) => unknown, reply: unknown): unknown => {
    try {
      parse(reply);
      return undefined;
    } catch (error) {
      return error instanceof UnreadableReply ? undefined : error;
    }
  };
  fc.assert(
    fc.property(fc.anything(), (reply) => {
      for (const parse of [parseVm, parseFirewall, parseTypePrice]) {
        expect(outcome(parse, reply)).toBeUndefined();
      }
    }),
  );
});
