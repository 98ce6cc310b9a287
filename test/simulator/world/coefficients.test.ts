import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createCoefficients } from "../../../src/simulator/world/coefficients.ts";
import { clockAt, testVm } from "../ssh/test-vm.ts";

const vm = testVm(clockAt(1));
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

test("speed varies by at most 20 %, delays by at most 40 %, and the same seed gives the same world", () => {
  fc.assert(
    fc.property(seeds, fc.string(), fc.integer({ min: 1, max: 1e6 }), (seed, model, id) => {
      const [one, same] = [0, 0].map(() => createCoefficients({ seed, delays: 1 }));
      const other = { ...vm, id };
      const speed = one!.speed(model, vm.type.id);
      expect(Math.abs(speed - 1)).toBeLessThanOrEqual(0.2);
      expect(same!.speed(model, vm.type.id)).toBe(speed);
      const boot = one!.bootSeconds(other);
      expect(boot).toBeGreaterThanOrEqual(88 * 0.6);
      expect(boot).toBeLessThanOrEqual(88 * 1.4);
      expect(same!.bootSeconds(other)).toBe(boot);
      const download = one!.downloadSeconds(other, 10) / ((10 * 2 ** 30) / 150e6);
      expect(Math.abs(download - 1)).toBeLessThanOrEqual(0.4 + 1e-9);
    }),
  );
});

test("seeds differ, and on the average they are at the centre", () => {
  const draws = Array.from({ length: 400 }, (_, seed) =>
    createCoefficients({ seed, delays: 1 }).setupSeconds(vm),
  );
  expect(new Set(draws).size).toBeGreaterThan(390);
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  expect(mean / 470).toBeCloseTo(1, 1);
});

test("`delays` scales what waits and leaves the speed alone", () => {
  const [whole, tenth] = [1, 0.1].map((delays) => createCoefficients({ seed: 3, delays }));
  expect(tenth!.loadSeconds(vm, 9)).toBeCloseTo(whole!.loadSeconds(vm, 9) / 10);
  expect(tenth!.setupSeconds(vm)).toBeCloseTo(whole!.setupSeconds(vm) / 10);
  expect(tenth!.speed("a/b", "c")).toBe(whole!.speed("a/b", "c"));
});

test("a larger checkpoint takes longer, and Turing longer than Ada", () => {
  const here = createCoefficients({ seed: 3, delays: 1 });
  const turing = testVm(clockAt(1), { typeId: "g1-gpu-rtx6000-1" });
  const mean = (typed: typeof vm): number =>
    Array.from({ length: 50 }, (_, id) => here.loadSeconds({ ...typed, id }, 9)).reduce(
      (sum, seconds) => sum + seconds,
    ) / 50;
  expect(here.loadSeconds(vm, 18)).toBeGreaterThan(here.loadSeconds(vm, 9));
  expect(mean(turing)).toBeGreaterThan(1.4 * mean(vm));
});
