import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../src/cli/main.ts";
import { sampleRecord } from "../../results/sample-record.ts";
import { databaseRig, type DatabaseRig } from "../database-rig.ts";
import { fakeTerminal } from "../fake-terminal.ts";

const EVIL = "g1-gpu-x\u001b[31m\u001b]0;pwned\u0007\u009b2J";
// oxlint-disable-next-line no-control-regex -- the very characters that must not come through
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

let rig: DatabaseRig;
beforeEach(() => {
  rig = databaseRig();
});

const holdEvil = (): Promise<void> =>
  writeFile(
    rig.file,
    JSON.stringify({
      version: "1.0",
      benchmarks: [{ ...sampleRecord({ id: "own-0001" }), gpu_type: EVIL }],
    }),
  );

describe("what a terminal could obey", () => {
  it.each([
    [["benchmark-status"]],
    [["benchmark-status", "--json"]],
    [["benchmark-compare"]],
    [["recommend", "--task", "mixed", "--budget", "none", "--size", "balanced"]],
    [["db", "check"]],
    [["db", "remove", EVIL]],
    [["logs", EVIL]],
    [["run", `${EVIL}.yaml`]],
    [["rebench", "--stale", "0", "--dry-run", "--simulate", "--db"]],
  ])("is shown and not sent by %j", async (argv) => {
    await holdEvil();
    const { stdout, stderr } = await rig.say(
      ...argv,
      ...(argv.at(-1) === "--db" ? [rig.file] : []),
    );
    expect(stdout + stderr).not.toBe("");
    expect(stdout).not.toMatch(OBEYED);
    expect(stderr).not.toMatch(OBEYED);
  });

  it.each([
    ["benchmark-compare"],
    ["db check"],
    ["recommend --task mixed --budget none --size balanced"],
  ])("is shown out of a database that is broken: %s", async (line) => {
    await writeFile(rig.file, '\u001b]0;pwned\u0007{"a\u0000');
    const { stdout, stderr } = await rig.say(...line.split(" "));
    expect(stdout + stderr).toContain("not JSON");
    expect(stdout + stderr).not.toMatch(OBEYED);
  });

  it("stays in the bytes of an export that a pipe or a file takes, not in those that a terminal does", async () => {
    await holdEvil();
    const line = ["db", "export", "-f", "csv"];
    expect((await rig.say(...line)).stdout).toContain(EVIL);
    const file = join(rig.folder, "out.csv");
    await rig.say(...line, "-o", file);
    expect(await readFile(file, "utf8")).toContain(EVIL);
    const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    await runCommandLine(line, fakeTerminal(rig.env, screen));
    const shown = String(screen.read());
    expect(shown).toContain("g1-gpu-x\\u001b[31m");
    expect(shown).not.toMatch(OBEYED);
  });
});
