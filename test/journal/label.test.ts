import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelsIn, makeFirewallLabel, makeVmLabel, parseLabel } from "../../src/journal/label.ts";

const word = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from("abcdefghijklmnopqrstuvwxyz0123456789")),
    minLength: length,
    maxLength: length,
  });
const seconds = fc.integer({ min: 36 ** 5, max: 36 ** 7 - 1 });

describe("labels", () => {
  it("are parsed to the parts they were made from, and are valid on Linode", () => {
    fc.assert(
      fc.property(
        word(8),
        fc.integer({ min: 0, max: 999 }),
        word(4),
        seconds,
        (run, seq, nonce, s) => {
          const vm = makeVmLabel({ run, seq, nonce, expiresMs: s * 1000 });
          expect(parseLabel(vm)).toEqual({ kind: "vm", run, seq, nonce, expiresMs: s * 1000 });
          expect(vm.length).toBeLessThanOrEqual(64);
          const firewall = makeFirewallLabel({ run, expiresMs: s * 1000 });
          expect(parseLabel(firewall)).toEqual({ kind: "firewall", run, expiresMs: s * 1000 });
          expect(firewall.length).toBeLessThanOrEqual(32);
        },
      ),
    );
  });

  it("round the expiry up to a second", () => {
    const label = makeVmLabel({
      run: "abcd1234",
      seq: 1,
      nonce: "aaaa",
      expiresMs: 1_800_000_000_001,
    });
    expect(parseLabel(label)?.expiresMs).toBe(1_800_000_001_000);
  });

  it.each([
    "mds-abcd1234-001-n0nc-xtndmo0-extra",
    "my-mds-abcd1234-001-n0nc-xtndmo0",
    "mds-abcd1234-001-n0nc-xtndmo0 ",
    "mds-abcd1234-001-n0nc-xtndmo0\n",
    "MDS-abcd1234-001-n0nc-xtndmo0",
    "mds-ABCD1234-001-n0nc-xtndmo0",
    "mds-abcd123-001-n0nc-xtndmo0",
    "mds-abcd1234-1-n0nc-xtndmo0",
    "mds-abcd1234-001-n0n-xtndmo0",
    "mds-abcd1234-001-n0nc-tndmo0",
    "mds-abcd1234-001-n0nc-x",
    "mds-abcd1234-001-n0nc-x1",
    "mds-abcd1234-001-n0nc-x0tndmo0",
    "mds-abcd1234-001-n0nc-xtndmo000",
    "mds-abcd1234-001-n0nc-xtnd-o0",
    "mds-abcd1234-xtnd",
    "mds-abcd1234-x0tndmo",
    "mds_abcd1234_001_n0nc_xtndmo0",
    "",
  ])("do not match %j", (text) => {
    expect(parseLabel(text)).toBeUndefined();
  });

  it("are not made from invalid parts", () => {
    const good = { run: "abcd1234", seq: 1, nonce: "aaaa", expiresMs: 1_800_000_000_000 };
    for (const bad of [
      { run: "abc" },
      { run: "ABCD1234" },
      { seq: 1000 },
      { nonce: "a" },
      { expiresMs: 5 },
    ]) {
      expect(() => makeVmLabel({ ...good, ...bad })).toThrow(RangeError);
    }
  });

  it("of one run are found in damaged text", () => {
    const text =
      'xx{"label":"mds-abcd1234-001-n0nc-xtndmo0"�mds-zzzz9999-001-n0nc-xtndmo0 mds-abcd1234-xtndmo0,mds-abcd1234-001-n0nc-xtndmo0';
    expect(labelsIn(text, "abcd1234")).toEqual([
      "mds-abcd1234-001-n0nc-xtndmo0",
      "mds-abcd1234-xtndmo0",
    ]);
  });
});
