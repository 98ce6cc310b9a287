import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { thisProcess } from "../../../src/lock/process-identity.ts";
import { withWriterLock } from "../../../src/results/store/writer-lock.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mds-lock-"));
  file = join(folder, "db.json");
});

describe("withWriterLock", () => {
  it("lets in one process at a time, and eventually all of them", async () => {
    let inside = 0;
    let most = 0;
    const done: number[] = [];
    await Promise.all(
      Array.from({ length: 12 }, (_, number) =>
        withWriterLock(file, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await readdir(folder);
          inside -= 1;
          done.push(number);
        }),
      ),
    );
    expect(most).toBe(1);
    expect(done).toHaveLength(12);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it("is released if the work fails", async () => {
    const failure = new Error("disk full");
    await expect(withWriterLock(file, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await withWriterLock(file, () => Promise.resolve("next"))).toBe("next");
  });

  it("ignores an owner that has exited and a damaged lock file", async () => {
    const dead = { ...thisProcess(process.pid), pid: 2 ** 30, started: "1" };
    await writeFile(
      join(folder, ".db.json.writer-7"),
      JSON.stringify({ process: dead, released: false }),
    );
    expect(await withWriterLock(file, () => readdir(folder))).toEqual([".db.json.writer-8"]);
    await writeFile(join(folder, ".db.json.writer-20"), "{");
    expect(await withWriterLock(file, () => readdir(folder))).toEqual([".db.json.writer-21"]);
  });
});
