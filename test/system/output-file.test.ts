import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { linkSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { databaseRig, FIXTURE, type DatabaseRig } from "../cli/database-rig.ts";
import { speak } from "../cli/fake-terminal.ts";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url).href;

let rig: DatabaseRig;
let wanted: string;
beforeEach(async () => {
  rig = databaseRig();
  writeFileSync(rig.file, FIXTURE);
  wanted = (await rig.say("db", "export")).stdout;
});
const inFolder = (name: string): string => join(rig.folder, name);

/** A pipe with a name, and what is read from it in the end. */
function pipe(read: (path: string) => readonly string[] = (path) => ["cat", path]) {
  const path = inFolder("pipe");
  execFileSync("mkfifo", [path]);
  const [command = "", ...argv] = read(path);
  const reader = spawn(command, argv, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  reader.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  return { path, text: once(reader, "close").then(() => text) };
}

describe("-o", () => {
  it.each([
    ["db export", "8 records written to PIPE\n", (text: string) => text === wanted],
    [
      "benchmark-compare -f csv",
      "6 configurations written to PIPE\n",
      (text: string) => text.startsWith("ID,"),
    ],
    ["report", "", (text: string) => text.includes('<h2 id="money">')],
  ])("writes into a pipe and leaves it one: %s", async (line, told, isWhole) => {
    const { path, text } = pipe();
    const { code, stderr } = await rig.say(...line.split(" "), "-o", path);
    expect([code, stderr.replace(path, "PIPE")]).toEqual([0, told]);
    expect(await text).toSatisfy(isWhole);
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it("follows a link to a pipe, and takes a reader that leaves early for no error", async () => {
    const { path, text } = pipe((path) => ["head", "-c", "10", path]);
    symlinkSync(path, inFolder("link"));
    const { code } = await rig.say("db", "export", "-o", inFolder("link"));
    expect([code, await text]).toEqual([0, wanted.slice(0, 10)]);
    expect(lstatSync(inFolder("link")).isSymbolicLink()).toBe(true);
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it("waits for the reader of a pipe until it is interrupted", async () => {
    execFileSync("mkfifo", [inFolder("pipe")]);
    const stop = new AbortController();
    const said = speak(["db", "export", "-o", inFolder("pipe")], rig.env, stop.signal);
    stop.abort(new Error("stopped"));
    expect((await said).code).not.toBe(0);
  });

  it.runIf(process.platform === "linux").each(["pipe", "file"] as const)(
    "/dev/stdout is stdout, also where that is a %s",
    (kind) => {
      const argv = JSON.stringify(["db", "export", "-o", "/dev/stdout"]);
      const script = `(await import(${JSON.stringify(MAIN)})).main(${argv})`;
      const node = `"${process.execPath}" --input-type=module -e '${script}'`;
      const out = inFolder("out.json");
      const { status, stdout, stderr } = spawnSync(
        "sh",
        ["-c", kind === "pipe" ? `${node} | cat` : `(echo first; ${node}; echo last) > ${out}`],
        { env: { ...process.env, ...rig.env }, encoding: "utf8" },
      );
      expect([status, stderr]).toEqual([0, "8 records written to /dev/stdout\n"]);
      const [told, whole] =
        kind === "pipe" ? [stdout, wanted] : [readFileSync(out, "utf8"), `first\n${wanted}last\n`];
      expect(told).toBe(whole);
    },
  );

  it("a folder is a clear error", async () => {
    mkdirSync(inFolder("folder"));
    for (const line of ["db export", "report", "benchmark --api-base http://127.0.0.1:9/v1"]) {
      const { code, stderr } = await rig.say(...line.split(" "), "-o", inFolder("folder"));
      expect(code).toBe(2);
      expect(stderr).toMatch(/could not be written\n {2}why: it is a folder\n {2}try: /);
    }
  });
});

describe("-o that would take the place of what is kept is refused, and nothing changes:", () => {
  const REFUSED = `2 must not be overwritten, try: name another file with -o`;
  /** The end of it, once the database was seen to be as it was. */
  const end = async (target: string, line = "benchmark-compare -f csv"): Promise<string> => {
    const { code, stderr } = await rig.say(...line.split(" "), "-o", target);
    const said =
      /(must not be overwritten)\n {2}why: .+\n {2}(try: name another file with -o)/.exec(stderr);
    const same = readFileSync(rig.file, "utf8") === FIXTURE;
    return same ? `${String(code)} ${said?.slice(1).join(", ") ?? stderr}` : "it was overwritten";
  };

  it.each([
    ["benchmark-compare"],
    ["db export"],
    ["report"],
    ["report --simulate"],
    ["benchmark --api-base http://127.0.0.1:9/v1"],
    [
      "init --yes --simulate --gpu g2-gpu-rtx4000a1-s --max-cost 2 --model Qwen/Qwen2.5-Coder-7B-Instruct",
    ],
  ])("the database, by %s", async (line) => {
    expect(await end(rig.file, line)).toBe(REFUSED);
  });

  it("the database by a link, by a folder's link and by its other name", async () => {
    symlinkSync(rig.file, inFolder("link"));
    symlinkSync(dirname(rig.file), inFolder("folder"));
    linkSync(rig.file, inFolder("twin"));
    expect(await end(inFolder("link"))).toBe(REFUSED);
    expect(await end(join(inFolder("folder"), "benchmark-database.json"))).toBe(REFUSED);
    expect(await end(inFolder("twin"))).toBe(REFUSED);
  });

  it("its backups, its log, the simulated one and the journals, there or not yet", async () => {
    const run = await rig.journal([]);
    for (const beside of [".bak-20260101T000000.000Z", ".corrupt-1", ".published", ".copies"])
      expect(await end(`${rig.file}${beside}`)).toBe(REFUSED);
    expect(await end(join(dirname(rig.file), "benchmark-database.simulated.json"))).toBe(REFUSED);
    expect(await end(join(rig.folder, "state", "runs", run, "journal.jsonl"))).toBe(REFUSED);
  });

  it("but not another file beside it", async () => {
    const { code } = await rig.say("db", "export", "-o", `${rig.file}.export.json`);
    expect([code, readFileSync(`${rig.file}.export.json`, "utf8")]).toEqual([0, wanted]);
  });
});

describe("a database that is not a regular file", () => {
  it("is told with what helps, and is never waited for or replaced", async () => {
    const pipe = inFolder("pipe");
    execFileSync("mkfifo", [pipe]);
    mkdirSync(inFolder("folder"));
    for (const [db, why] of [
      [pipe, "it is not a regular file"],
      [inFolder("folder"), "it is a folder"],
    ] as const) {
      for (const line of ["benchmark-compare", "benchmark-status", "db check"]) {
        const { stdout, stderr } = await rig.say(...line.split(" "), "--db", db);
        expect(stdout + stderr).toContain(why);
        expect(stdout + stderr).toContain("name another file with --db");
        expect(stdout + stderr).not.toContain("db repair");
      }
      const given = writeImport();
      expect((await rig.say("db", "import", given, "--db", db)).code).toBe(2);
      expect((await rig.say("db", "repair", "--db", db)).code).toBe(2);
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  function writeImport(): string {
    const file = inFolder("given.json");
    writeFileSync(file, wanted);
    return file;
  }
});
