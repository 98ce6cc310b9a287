import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { BenchmarkRecord, TestRecord, VllmConfig } from "../../evidence/record.ts";
import { packageVersion } from "../../support/package-version.ts";
import { whereLinksLead } from "../../support/safe-file.ts";
import type { DatabaseContents } from "../store/database-contents.ts";
import { keep, readCachedQuery } from "./query-cache.ts";

export interface IndexedContents extends Pick<DatabaseContents, "records" | "problems"> {
  /** What the contents were read under: the same as long as the file is. Undefined where nothing is kept. */
  readonly seal?: string;
}

/** Below this a file is read faster than an index of it is looked after. */
const WORTHWHILE_BYTES = 2_000_000;
const FORMAT = 2;
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
  const seal = sealOf(target);
  if (seal === undefined) return readWhole(path);
  const kept = keptFile(folder, target, "records");
  const found = readCachedQuery(kept, seal.text);
  if (found !== undefined) return { ...(found as IndexedContents), seal: seal.text };
  const contents = await readSlim(path, target);
  if (contents === undefined) return readWhole(path);
  // It may have changed while it was read, or may still change within one tick of the clock.
  if (seal.changedMs >= nowMs - seal.blurMs || sealOf(target)?.text !== seal.text) return contents;
  await keep(kept, seal.text, contents);
  return { ...contents, seal: seal.text };
}

/** Where an answer of this kind about a database is kept. */
export function keptFile(folder: string, target: string, kind: string): string {
  const name = createHash("sha256").update(target).digest("hex").slice(0, 16);
  return join(folder, `${name}.${kind}`);
}

// What reads the file itself is loaded only then: where an answer is kept, loading is half of the time.
async function readWhole(path: string): Promise<IndexedContents> {
  const { readContents } = await import("../store/database-contents.ts");
  return readContents(path);
}

async function readSlim(path: string, target: string): Promise<IndexedContents | undefined> {
  const [{ contentsOf }, { streamDatabase }] = await Promise.all([
    import("../store/database-contents.ts"),
    import("../store/stream-database.ts"),
  ]);
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
function sealOf(path: string): Seal | undefined {
  let file: number | undefined;
  try {
    // A pipe would be waited for.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = fstatSync(file, { bigint: true });
    const size = Number(facts.size);
    if (!facts.isFile() || size < WORTHWHILE_BYTES) return undefined;
    const sample = Buffer.alloc(SAMPLE_BYTES);
    let sum = 0;
    for (let number = 0; number <= SAMPLES; number += 1) {
      const at = Math.floor(((size - SAMPLE_BYTES) * number) / SAMPLES);
      sum = crc32(sample.subarray(0, readSync(file, sample, 0, SAMPLE_BYTES, at)), sum);
    }
    const { dev, ino, mtimeNs, ctimeNs } = facts;
    const coarse = mtimeNs % 1_000_000_000n === 0n;
    return {
      text: `${packageVersion()} ${FORMAT} ${process.versions.v8} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs} ${sum}`,
      changedMs: Number(ctimeNs / 1_000_000n),
      blurMs: coarse ? COARSE_STAMP_MS : SAME_STAMP_MS,
    };
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Records that share their engine's facts and their list of tests where these are the same. */
export function slimmer(): (record: BenchmarkRecord) => BenchmarkRecord {
  const engines = new Map<string, VllmConfig>();
  const suites = new Map<string, TestRecord[]>();
  return (record) => {
    const engine = JSON.stringify(record.vllm_config);
    const suite = suiteKey(record.tests);
    let shared = engines.get(engine);
    if (shared === undefined) engines.set(engine, (shared = record.vllm_config));
    let tests = suites.get(suite);
    if (tests === undefined) suites.set(suite, (tests = record.tests.map(slimTest)));
    return { ...record, vllm_config: shared, tests };
  };
}

function suiteKey(tests: readonly TestRecord[]): string {
  let key = "";
  for (const { test_name, category, success } of tests)
    key += `${test_name}\t${category}\t${String(success)}\n`;
  return key;
}

function slimTest({ test_name, category, success }: TestRecord): TestRecord {
  return { test_name, category, success, prompt: "" };
}
