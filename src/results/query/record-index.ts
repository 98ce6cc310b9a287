import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { BenchmarkRecord, TestRecord, VllmConfig } from "../../evidence/record.ts";
import { packageVersion } from "../../support/package-version.ts";
import { whereLinksLead } from "../../support/safe-file.ts";
import type { DatabaseContents } from "../store/database-contents.ts";
import { writeCachedQuery, readCachedQuery } from "./query-cache.ts";

export interface IndexedContents extends Pick<DatabaseContents, "records" | "problems"> {
  /** Identifies the state of the file; undefined if the contents were not cached. */
  readonly seal?: string;
}

/** Smaller files are read faster than an index is maintained. */
const WORTHWHILE_BYTES = 2_000_000;
const FORMAT = 2;
const SAMPLE_BYTES = 4096;
const SAMPLES = 32;
/** Two changes within this time may get the same timestamp. The second is for file systems with whole seconds. */
const SAME_STAMP_MS = 50;
const COARSE_STAMP_MS = 2_000;

/**
 * Reads a database for queries: records without prompts, replies and the figures of single tests. For a large file the
 * result is cached in `folder`, until the file's identity or samples of its contents change.
 */
export async function readIndexed(
  path: string,
  folder: string,
  nowMs: number,
): Promise<IndexedContents> {
  const target = await whereLinksLead(path);
  const seal = sealOf(target);
  if (seal === undefined) return readWhole(path);
  const cache = cacheFile(folder, target, "records");
  const cached = readCachedQuery(cache, seal.text);
  if (cached !== undefined) return { ...(cached as IndexedContents), seal: seal.text };
  const contents = await readSlim(path, target);
  if (contents === undefined) return readWhole(path);
  // The file may have changed while it was read, or still change without getting a new timestamp.
  if (seal.changedMs >= nowMs - seal.blurMs || sealOf(target)?.text !== seal.text) return contents;
  await writeCachedQuery(cache, seal.text, contents);
  return { ...contents, seal: seal.text };
}

/** Path of the cache of one kind of query result for a database. */
export function cacheFile(folder: string, target: string, kind: string): string {
  const name = createHash("sha256").update(target).digest("hex").slice(0, 16);
  return join(folder, `${name}.${kind}`);
}

// Imported lazily: with a warm cache, loading these modules would take half of the time.
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

/** Undefined for a small file, or for anything but a file. */
function sealOf(path: string): Seal | undefined {
  let file: number | undefined;
  try {
    // O_NONBLOCK, because opening a pipe would block.
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

/** Makes slim records, in which equal engine settings and equal lists of tests are shared objects. */
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
