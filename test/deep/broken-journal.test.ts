import { expect, test } from "vitest";
import {
  ALL_GONE,
  recoverBroken,
  wholeJournal,
  withFlippedBit,
} from "../teardown/broken-journal.ts";

test("a journal cut at every byte: no crash, no create, everything that was named is destroyed", async () => {
  const bytes = await wholeJournal();
  for (let cut = 0; cut <= bytes.length; cut += 1)
    expect(await recoverBroken(bytes.subarray(0, cut)), `cut at ${String(cut)}`).toEqual(ALL_GONE);
});

test("a journal with any byte damaged, a bit of each: the same", async () => {
  const bytes = await wholeJournal();
  for (let at = 0; at < bytes.length; at += 1)
    for (const bit of [at % 8, 7])
      expect(await recoverBroken(withFlippedBit(bytes, at, bit)), `byte ${String(at)}`).toEqual(
        ALL_GONE,
      );
});
