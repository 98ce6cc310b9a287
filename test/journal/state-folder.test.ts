import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listRuns, newRunId, openStateFolder, runFolder } from "../../src/journal/state-folder.ts";
import { newStateDir } from "./journal-rig.ts";

describe("openStateFolder", () => {
  it("creates a folder that only its owner can access", () => {
    const stateDir = join(newStateDir(), "a", "b");
    openStateFolder(stateDir);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(stateDir, "runs")).mode & 0o777).toBe(0o700);
    openStateFolder(stateDir);
  });

  it.each([0o770, 0o702, 0o777])("rejects mode %o with a hint", (mode) => {
    const stateDir = newStateDir();
    chmodSync(stateDir, mode);
    expect(() => {
      openStateFolder(stateDir);
    }).toThrow(expect.objectContaining({ exitCode: 2, hint: `chmod 700 ${stateDir}` }));
  });

  it("rejects a file", () => {
    const file = join(newStateDir(), "file");
    writeFileSync(file, "");
    expect(() => {
      openStateFolder(file);
    }).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe("runs", () => {
  it.each(["", "..", "../../etc", "ABCD1234", "abcd123", "abcd12345", "abcd/234"])(
    "%j names none",
    (run) => {
      expect(() => runFolder("/s", run)).toThrow(expect.objectContaining({ exitCode: 2 }));
    },
  );

  it("are listed oldest first, without other folders", () => {
    const stateDir = newStateDir();
    openStateFolder(stateDir);
    expect(listRuns(join(stateDir, "nothing"))).toEqual([]);
    for (const run of ["zzzz0000", "aaaa0000"]) mkdirSync(runFolder(stateDir, run));
    mkdirSync(join(stateDir, "runs", "not-a-run"));
    expect(listRuns(stateDir).toSorted()).toEqual(["aaaa0000", "zzzz0000"]);
  });

  it("get valid new ids", () => {
    const ids = new Set(Array.from({ length: 500 }, newRunId));
    expect(ids.size).toBe(500);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9]{7}$/);
  });
});
