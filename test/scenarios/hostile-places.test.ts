import { execFile } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { sampleRecord } from "../results/sample-record.ts";
import { databaseRig, FIXTURE, FIXTURE_IDS, type DatabaseRig } from "../cli/database-rig.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
const NOBODY = 65_534;
/** An error of ours: what, why, what to do. */
const THREE_LINES = /^error: .+\n {2}why: .+\n {2}try: .+\n$/;

let rig: DatabaseRig;
beforeEach(async () => {
  rig = databaseRig();
  await writeFile(rig.file, FIXTURE);
  await rig.measured([sampleRecord({ id: "own-0001" })]);
});

/** Root may read everything, so it steps down. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

const offer = async (): Promise<string> => {
  const path = join(rig.folder, "theirs.json");
  await writeFile(path, JSON.stringify([sampleRecord({ id: "their-001" })]));
  await chmod(rig.folder, 0o755);
  await chmod(path, 0o644);
  return path;
};

describe("a database that may not be read", () => {
  beforeEach(async () => {
    await chmod(rig.folder, 0o755);
    await chmod(join(rig.folder, "state"), 0o755);
    await chmod(join(rig.folder, "state", "runs"), 0o755);
    await chmod(rig.file, 0o000);
  });

  it("is told of, and its backup is gone on with where that may be read", async () => {
    for (const name of await readdir(dirname(rig.file)))
      if (name.includes(".bak-")) await chmod(join(dirname(rig.file), name), 0o644);
    const { code, stdout, stderr } = await asNobody(() =>
      rig.say("benchmark-compare", "-f", "json"),
    );
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: .+EACCES.+best copy/m)]);
    expect((JSON.parse(stdout) as unknown[]).length).toBeGreaterThanOrEqual(7);
  });

  it("is never written over", async () => {
    const file = await offer();
    for (const argv of [
      ["db", "repair"],
      ["db", "import", file],
    ]) {
      const { code, stderr } = await asNobody(() => rig.say(...argv));
      expect([code, stderr.replaceAll(/^warning: .+\n/gm, "")]).toEqual([
        2,
        expect.stringMatching(THREE_LINES),
      ]);
    }
    await chmod(rig.file, 0o600);
    expect(await rig.ids()).toEqual([...FIXTURE_IDS, "own-0001"]);
  });
});

it("a folder that may not be written leaves the database as it was", async () => {
  const file = await offer();
  const before = await readFile(rig.file, "utf8");
  await chmod(rig.file, 0o644);
  await chmod(dirname(rig.file), 0o555);
  const { code, stderr } = await asNobody(() => rig.say("db", "import", file));
  expect([code, stderr.replaceAll(/^warning: .+\n/gm, "")]).toEqual([
    2,
    expect.stringMatching(THREE_LINES),
  ]);
  await chmod(dirname(rig.file), 0o755);
  expect(await readFile(rig.file, "utf8")).toBe(before);
});

describe("a folder in the database's place", () => {
  beforeEach(async () => {
    await rename(rig.file, `${rig.file}.moved`);
    await mkdir(rig.file);
  });

  it.each([
    [["benchmark-compare"], 0],
    [["benchmark-status"], 0],
    [["recommend", "--task", "coding", "--budget", "none", "--size", "balanced"], 0],
    [["db", "check"], 2],
    [["db", "repair"], 2],
    [["db", "restore"], 2],
    [["db", "remove", "own-0001"], 2],
  ] as const)("%j ends in %d, with words", async (argv, expected) => {
    const { code, stdout, stderr } = await rig.say(...argv);
    expect(code).toBe(expected);
    expect(stdout + stderr).toMatch(/EISDIR|it is a folder/);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

it("a symbolic link stays one, wherever it leads", async () => {
  const target = join(rig.folder, "elsewhere", "data.json");
  await mkdir(dirname(target));
  await rename(rig.file, target);
  await symlink(target, rig.file);
  await rig.measured([sampleRecord({ id: "own-0002" })]);
  expect(await rig.say("db", "remove", "own-0001")).toMatchObject({ code: 0 });
  await writeFile(target, (await readFile(target, "utf8")).slice(0, 20_000));
  expect(await rig.say("db", "repair")).toMatchObject({ code: 0 });
  expect((await lstat(rig.file)).isSymbolicLink()).toBe(true);
  expect((await rig.ids()).toSorted()).toEqual([...FIXTURE_IDS, "own-0002"].toSorted());
});

it("a link that leads in a circle is told of", async () => {
  await rename(rig.file, `${rig.file}.moved`);
  await symlink(rig.file, rig.file);
  for (const [argv, expected] of [
    [["benchmark-compare"], 0],
    [["db", "check"], 2],
    [["db", "repair"], 2],
  ] as const) {
    const { code, stdout, stderr } = await rig.say(...argv);
    expect([code, stdout + stderr]).toEqual([expected, expect.stringMatching(/symbolic links/)]);
  }
});

describe("a disk without room", () => {
  /** The system lets a file grow to 16 kB and no further, as a full disk would. */
  const cramped = (...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const limited = 'trap "" XFSZ; ulimit -f 16; exec "$@"';
      execFile(
        "bash",
        ["-c", limited, "bash", process.execPath, PROGRAM, ...argv],
        { env: { PATH: process.env["PATH"], ...rig.env } },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        },
      );
    });

  it("leaves the database as it was, says so, and leaves nothing behind", async () => {
    const file = await offer();
    const before = await readFile(rig.file, "utf8");
    const names = (await readdir(dirname(rig.file))).filter((name) => !name.includes(".writer-"));
    const { code, stderr } = await cramped("db", "import", file);
    expect(code).toBe(2);
    expect(stderr).toMatch(THREE_LINES);
    expect(await readFile(rig.file, "utf8")).toBe(before);
    const after = await readdir(dirname(rig.file));
    expect(after.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(after).toEqual(expect.arrayContaining(names));
  });

  it("leaves a damaged database as it was, and the reading verbs go on", async () => {
    await writeFile(rig.file, FIXTURE.slice(0, 30_000));
    expect(await cramped("db", "repair")).toMatchObject({ code: 2 });
    expect(await readFile(rig.file, "utf8")).toBe(FIXTURE.slice(0, 30_000));
    const { code, stdout } = await cramped("benchmark-compare", "-f", "csv", "--passes");
    expect([code, stdout.trim().split("\n").length > 7]).toEqual([0, true]);
  });
});
