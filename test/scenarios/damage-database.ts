import { isDeepStrictEqual } from "node:util";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { seededRandom } from "../../src/evidence/seeded-random.ts";
import { openDatabase } from "../../src/results/store/database.ts";
import { databaseRig, FIXTURE, type DatabaseRig } from "../cli/database-rig.ts";
import { sampleRecord } from "../results/sample-record.ts";

/** At both ends, where every cut is tried. */
const EDGE_BYTES = 200;

const foreign = (JSON.parse(FIXTURE) as { benchmarks: BenchmarkRecord[] }).benchmarks;

/** Says what a person would, one after the other; none may end in a stack trace. */
async function askAll(rig: DatabaseRig): Promise<void> {
  const verbs: readonly (readonly [readonly string[], readonly number[]])[] = [
    [["benchmark-compare", "-f", "json"], [0]],
    [["benchmark-status"], [0]],
    [
      ["db", "check"],
      [0, 2],
    ],
    [["db", "repair"], [0]],
    [["db", "check"], [0]],
  ];
  for (const [argv, codes] of verbs) {
    const { code, stdout, stderr } = await rig.say(...argv);
    expect(codes, `${argv.join(" ")}: ${stderr}`).toContain(code);
    expect(stdout + stderr).not.toMatch(/^ {4}at |a bug of maider-sweep/m);
  }
}

/** The records that are gone or read differently. */
async function lost(rig: DatabaseRig, records: readonly BenchmarkRecord[]): Promise<string[]> {
  const found = new Map(
    (await openDatabase(rig.file).read()).records.map((record) => [record.id, record]),
  );
  return records
    .filter((record) => !isDeepStrictEqual(found.get(record.id), record))
    .map(({ id }) => id);
}

async function forgetAsides(rig: DatabaseRig): Promise<void> {
  const names = await readdir(dirname(rig.file));
  for (const name of names.filter((each) => each.includes(".corrupt-")))
    await rm(join(dirname(rig.file), name));
}

/**
 * Cuts a database at every `step`-th byte, and at all of its first and last 200, and repairs it each time: every record
 * that a backup or a journal has must be there again. @returns what was lost, by the place of the cut
 */
export async function cutDatabase(step: number): Promise<string[]> {
  const rig = databaseRig();
  const [first] = foreign;
  if (first === undefined) throw new Error("the fixture is empty");
  const small = { ...first, tests: first.tests.slice(0, 1) };
  await writeFile(rig.file, JSON.stringify({ version: "1.0", benchmarks: [small] }, null, 2));
  const ours = [sampleRecord({ id: "own-0001" }), sampleRecord({ id: "own-0002" })];
  for (const record of ours) await rig.measured([record]);
  const text = await readFile(rig.file);
  const losses: string[] = [];
  let cuts = 0;
  for (let cut = 0; cut < text.length; cut += 1) {
    if (cut % step !== 0 && cut > EDGE_BYTES && cut < text.length - EDGE_BYTES) continue;
    cuts += 1;
    await writeFile(rig.file, text.subarray(0, cut));
    const { code } = await rig.say("db", "repair");
    expect(code).toBe(0);
    losses.push(...(await lost(rig, [small, ...ours])).map((id) => `cut at ${cut}: ${id}`));
    if (cuts % 100 !== 1) continue;
    await writeFile(rig.file, text.subarray(0, cut));
    await askAll(rig);
    await forgetAsides(rig);
  }
  expect(cuts).toBeGreaterThan(2 * EDGE_BYTES);
  return losses;
}

/**
 * Overwrites, removes or repeats random bytes of a database, and repairs it each time.
 * @returns what was lost, by the round
 */
export async function hitDatabase(rounds: number, seed: string): Promise<string[]> {
  const rig = databaseRig();
  await writeFile(rig.file, FIXTURE);
  const ours = Array.from({ length: 6 }, (_, number) => sampleRecord({ id: `own-000${number}` }));
  for (const record of ours) await rig.measured([record]);
  const text = await readFile(rig.file);
  const random = seededRandom(seed);
  const losses: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const hurt = Buffer.from(text);
    const at = random.below(hurt.length);
    const length = 1 + random.below(round % 2 === 0 ? 1 : 3000);
    const kind = random.below(3);
    let bytes: Buffer = hurt;
    if (kind === 0)
      for (let i = at; i < Math.min(at + length, hurt.length); i += 1) hurt[i] = random.below(256);
    else if (kind === 1) bytes = Buffer.concat([hurt.subarray(0, at), hurt.subarray(at + length)]);
    else bytes = Buffer.concat([hurt.subarray(0, at + length), hurt.subarray(at)]);
    await writeFile(rig.file, bytes);
    if (round % 50 === 0) await askAll(rig);
    expect((await rig.say("db", "repair")).code).toBe(0);
    const gone = await lost(rig, ours);
    // A figure of theirs that was hit is still a figure; nobody but they could tell.
    const ids = new Set(await rig.ids());
    gone.push(...foreign.map(({ id }) => id).filter((id) => !ids.has(id)));
    losses.push(...gone.map((id) => `round ${round}: ${id}`));
    if (round % 50 === 0) await forgetAsides(rig);
  }
  return losses;
}
