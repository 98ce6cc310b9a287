import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { BenchmarkRecord, TestRecord, VllmConfig } from "../evidence/record.ts";
import { packageVersion } from "../support/package-version.ts";
import { whereLinksLead } from "../support/safe-file.ts";
import { contentsOf, openDatabase, type DatabaseContents } from "./database.ts";
import { keep, readKept } from "./kept-answer.ts";
import { streamDatabase } from "./stream-database.ts";

export interface IndexedContents extends Pick<DatabaseContents, "records" | "problems"> {
  /** What the contents were read under: the same as long as the file is. Undefined where nothing is kept. */
  readonly seal?: string;
}

/** Below this a file is read faster than an index of it is looked after. */
const WORTHWHILE_BYTES = 2_000_000;
const FORMAT = 1;
const SAMPLE_BYTES = 4096;
const SAMPLES = 32;
/** Two changes within this time may leave the same time stamp, and one second where stamps are so coarse. */
const SAME_STAMP_MS = 50;
const COARSE_STAMP_MS = 2_000;

/**
 * What a database holds, for queries: records without prompts, replies and single tests' figures. Of a large file
 * that is kept in `folder`, and taken from there as long as the file is the same by its identity and by samples of
 * its contents. Whatever is wrong with what was kept, the file itself is read.
 */
export async function readIndexed(
  path: string,
  folder: string,
  nowMs: number,
): Promise<IndexedContents> {
  const target = await whereLinksLead(path);
  const seal = await sealOf(target);
  if (seal === undefined) return openDatabase(path).read();
  const kept = keptFile(folder, target, "records");
  const found = await readKept(kept, seal.text);
  if (found !== undefined) return { ...unpacked(found), seal: seal.text };
  const contents = readSlim(path, target);
  if (contents === undefined) return openDatabase(path).read();
  // It may have changed while it was read, or may still change within one tick of the clock.
  if (seal.changedMs >= nowMs - seal.blurMs || (await sealOf(target))?.text !== seal.text)
    return contents;
  await keep(kept, seal.text, packed(contents));
  return { ...contents, seal: seal.text };
}

/** Where an answer of this kind about a database is kept. */
export function keptFile(folder: string, target: string, kind: string): string {
  const name = createHash("sha256").update(target).digest("hex").slice(0, 16);
  return join(folder, `${name}.${kind}.json`);
}

function readSlim(path: string, target: string): IndexedContents | undefined {
  try {
    const { records, problems } = contentsOf(path, streamDatabase(target), slimmer());
    return { records, problems };
  } catch {
    return undefined;
  }
}

interface Seal {
  readonly text: string;
  readonly changedMs: number;
  readonly blurMs: number;
}

/** Identity and samples of a file; undefined when it is small or not a file. */
async function sealOf(path: string): Promise<Seal | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const facts = await handle.stat({ bigint: true });
    const size = Number(facts.size);
    if (!facts.isFile() || size < WORTHWHILE_BYTES) return undefined;
    const sample = Buffer.alloc(SAMPLE_BYTES);
    let sum = 0;
    for (let number = 0; number <= SAMPLES; number += 1) {
      const at = Math.floor(((size - SAMPLE_BYTES) * number) / SAMPLES);
      const { bytesRead } = await handle.read(sample, 0, SAMPLE_BYTES, at);
      sum = crc32(sample.subarray(0, bytesRead), sum);
    }
    const { dev, ino, mtimeNs, ctimeNs } = facts;
    const coarse = mtimeNs % 1_000_000_000n === 0n;
    return {
      text: `${packageVersion()} ${FORMAT} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs} ${sum}`,
      changedMs: Number(ctimeNs / 1_000_000n),
      blurMs: coarse ? COARSE_STAMP_MS : SAME_STAMP_MS,
    };
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

/** What many records share is written once; they hold its number in its place. */
interface Kept {
  readonly engines: readonly VllmConfig[];
  readonly suites: readonly (readonly TestRecord[])[];
  readonly records: readonly object[];
  readonly problems: readonly string[];
}

function unpacked(text: string): IndexedContents {
  const { engines, suites, records, problems } = JSON.parse(text) as Kept;
  for (const row of records as Record<string, unknown>[]) {
    row["vllm_config"] = engines[row["vllm_config"] as number];
    row["tests"] = suites[row["tests"] as number];
  }
  return { problems, records: records as readonly BenchmarkRecord[] };
}

function packed({ records, problems }: IndexedContents): Kept {
  const engines = numbered<VllmConfig>();
  const suites = numbered<readonly TestRecord[]>();
  const rows = records.map((record) => ({
    ...record,
    vllm_config: engines.numberOf(record.vllm_config),
    tests: suites.numberOf(record.tests),
  }));
  return { engines: engines.all, suites: suites.all, records: rows, problems };
}

function numbered<T extends object>() {
  const numbers = new Map<T, number>();
  return {
    get all(): readonly T[] {
      return [...numbers.keys()];
    },
    numberOf(value: T): number {
      const number = numbers.get(value) ?? numbers.size;
      numbers.set(value, number);
      return number;
    },
  };
}

/** Records that share their engine's facts and their list of tests where these are the same. */
function slimmer(): (record: BenchmarkRecord) => BenchmarkRecord {
  const engines = new Map<string, VllmConfig>();
  const suites = new Map<string, TestRecord[]>();
  return (record) => {
    const engine = JSON.stringify(record.vllm_config);
    const suite = record.tests
      .map(({ test_name, category, success }) => `${test_name}\t${category}\t${String(success)}`)
      .join("\n");
    const shared = engines.get(engine) ?? record.vllm_config;
    const tests = suites.get(suite) ?? record.tests.map(slimTest);
    engines.set(engine, shared);
    suites.set(suite, tests);
    return { ...record, vllm_config: shared, tests };
  };
}

function slimTest({ test_name, category, success }: TestRecord): TestRecord {
  return { test_name, category, success, prompt: "" };
}
