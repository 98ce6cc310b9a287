import {
  chmod,
  lstat,
  mkdtemp,
  readFile,
  readdir,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { writeFileAtomically } from "../../src/support/safe-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mds-safe-file-"));
});

describe("writeFileAtomically", () => {
  it("writes a new file that only its owner can access, and leaves no temporary file", async () => {
    const path = join(folder, "a.json");
    await writeFileAtomically(path, "héllo");
    expect(await readFile(path, "utf8")).toBe("héllo");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["a.json"]);
  });

  it("preserves the permissions of an existing file and applies `mode` to a new one", async () => {
    const old = join(folder, "old");
    await writeFile(old, "1");
    await chmod(old, 0o640);
    await writeFileAtomically(old, "2", { mode: 0o600 });
    expect((await stat(old)).mode & 0o777).toBe(0o640);
    await writeFileAtomically(join(folder, "new"), "2", { mode: 0o644 });
    expect((await stat(join(folder, "new"))).mode & 0o777).toBe(0o644);
  });

  it("follows symbolic links, including a chain of relative links to a file that does not exist yet", async () => {
    await symlink("second", join(folder, "first"));
    await symlink("target", join(folder, "second"));
    await writeFileAtomically(join(folder, "first"), "through");
    expect((await lstat(join(folder, "first"))).isSymbolicLink()).toBe(true);
    expect((await lstat(join(folder, "target"))).isFile()).toBe(true);
    expect(await readFile(join(folder, "target"), "utf8")).toBe("through");
  });

  it("rejects a circle of links", async () => {
    await symlink("b", join(folder, "a"));
    await symlink("a", join(folder, "b"));
    await expect(writeFileAtomically(join(folder, "a"), "x")).rejects.toMatchObject({
      code: "ELOOP",
    });
  });

  it("leaves the old contents and no temporary file if `beforeRename` throws", async () => {
    const path = join(folder, "a");
    await writeFile(path, "old");
    const objection = new Error("changed meanwhile");
    await expect(
      writeFileAtomically(path, "new", { beforeRename: () => Promise.reject(objection) }),
    ).rejects.toBe(objection);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["a"]);
  });

  it("leaves no temporary file if the target is a folder", async () => {
    await expect(writeFileAtomically(folder, "x")).rejects.toThrow("EISDIR");
    expect(await readdir(folder)).toEqual([]);
  });

  it("never exposes partial contents during concurrent writes", async () => {
    const path = join(folder, "a");
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
    await Promise.all(texts.map((text) => writeFileAtomically(path, text)));
    expect(texts).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toEqual(["a"]);
  });
});
