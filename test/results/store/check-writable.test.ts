import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkWritable } from "../../../src/results/store/database-file.ts";

const folder = mkdtempSync(join(tmpdir(), "mds-writable-"));
mkdirSync(join(folder, "a-folder"));
writeFileSync(join(folder, "a-file"), "{}");
writeFileSync(join(folder, "closed"), "{}");
chmodSync(join(folder, "closed"), 0o444);

it.each(["new.json", "a-file", "a-folder/new.json", "not/made/yet/new.json"])(
  "%s can be written",
  async (name) => {
    await expect(checkWritable(join(folder, name))).resolves.toBeUndefined();
  },
);

it.each([
  ["a-folder", /a-folder: it is a folder/],
  ["a-file/new.json", /a-file is not a folder/],
  ["closed", /closed: it is read-only/],
])("%s is not writable, with a reason", async (name, reason) => {
  await expect(checkWritable(join(folder, name))).rejects.toEqual(
    expect.objectContaining({
      message: "the benchmark database cannot be written",
      reason: expect.stringMatching(reason) as string,
      exitCode: 2,
    }),
  );
});
