import { existsSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { probeWritable, makeFolder } from "../../src/support/make-folder.ts";

describe("makeFolder", () => {
  const home = mkdtempSync(join(tmpdir(), "make-folder-"));

  it("creates missing parents with the same permissions, and accepts existing folders", () => {
    const path = join(home, "a", "b", "c");
    makeFolder(path, 0o700);
    makeFolder(path, 0o700);
    for (const folder of [path, join(home, "a")]) expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("rejects a file where a folder is needed", () => {
    const file = join(home, "file");
    writeFileSync(file, "");
    expect(() => makeFolder(file, 0o700)).toThrow("EEXIST");
    expect(() => makeFolder(join(file, "below"), 0o700)).toThrow("ENOTDIR");
  });

  it.runIf(existsSync("/proc/self"))("ends where nothing can be made", () => {
    expect(() => makeFolder("/proc/nothing/here", 0o700)).toThrow("ENOENT");
  });
});

it.runIf(existsSync("/proc/self"))(
  "a folder that is not writable is refused with the text of the file system, without the probe's name",
  () => {
    expect(() => probeWritable("/proc")).toThrow(/^ENOENT: no such file or directory$/);
  },
);
