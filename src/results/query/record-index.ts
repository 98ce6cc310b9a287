import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { BenchmarkRecord, TestRecord, VllmConfig } from "../../evidence/record.ts";
import { packageVersion } from "../../support/package-version.ts";
import { resolveLinks } from "../../support/safe-file.ts";
import type { DatabaseContents } from "../store/database-contents.ts";
import { writeCachedQuery, readCachedQuery } from "./query-cache.ts";

export interface IndexedContents extends Pick<DatabaseContents, "records" | "problems"> {
  /** Identifies the state of the file; undefined if the contents were not cached. */
  readonly fingerprint?: string;
}

/** Parsing a smaller file is faster than maintaining an index. */
const MIN_INDEXED_BYTES = 2_000_000;
const FORMAT = 2;
const SAMPLE_BYTES = 4096;
const SAMPLES = 32;
/** Two changes within this time may get the same timestamp. */
const TIMESTAMP_RESOLUTION_MS = 50;
/** The same for file systems that store whole seconds. */
const COARSE_TIMESTAMP_RESOLUTION_MS = 2_000;

/**
 * Reads a database for queries: records without prompts, replies and the figures of single tests. The result for a
 * large file is cached in `folder` until the file's metadata or a sample of its contents changes.
 */
export async function readIndexed(
  path: string,
  folder: string,
  nowMs: number,
): Promise<IndexedContents> {
  const target = await resolveLinks(path);
  const state = fileState(target);
  if (state === undefined) return readFully(path);
  const { fingerprint } = state;
  const cache = cacheFile(folder, target, "records");
  const cached = readCachedQuery(cache, fingerprint);
  if (cached !== undefined) return { ...(cached as IndexedContents), fingerprint };
  const contents = await readSlim(path, target);
  if (contents === undefined) return readFully(path);
  // The file may have changed while it was read, or may still change without getting a new timestamp.
  const recentlyChanged = state.changedMs >= nowMs - state.timestampResolutionMs;
  if (recentlyChanged || fileState(target)?.fingerprint !== fingerprint) return contents;
  await writeCachedQuery(cache, fingerprint, contents);
  return { ...contents, fingerprint };
}

/** Path of the cache of one kind of query result for a database. */
export function cacheFile(folder: string, target: string, kind: string): string {
  const name = createHash("sha256").update(target).digest("hex").slice(0, 16);
  return join(folder, `${name}.${kind}`);
}

// Imported lazily, because loading these modules takes as long as reading a warm cache.
async function readFully(path: string): Promise<IndexedContents> {
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

interface FileState {
  readonly fingerprint: string;
  readonly changedMs: number;
  readonly timestampResolutionMs: number;
}

/** Undefined if the file is missing, small, or not a regular file. */
function fileState(path: string): FileState | undefined {
  let file: number | undefined;
  try {
    // O_NONBLOCK, because opening a pipe would block.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(file, { bigint: true });
    const size = Number(stats.size);
    if (!stats.isFile() || size < MIN_INDEXED_BYTES) return undefined;
    const sample = Buffer.alloc(SAMPLE_BYTES);
    let checksum = 0;
    for (let number = 0; number <= SAMPLES; number += 1) {
      const at = Math.floor(((size - SAMPLE_BYTES) * number) / SAMPLES);
      checksum = crc32(sample.subarray(0, readSync(file, sample, 0, SAMPLE_BYTES, at)), checksum);
    }
    const { dev, ino, mtimeNs, ctimeNs } = stats;
    const wholeSeconds = mtimeNs % 1_000_000_000n === 0n;
    return {
      fingerprint: `${packageVersion()} ${FORMAT} ${process.versions.v8} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs} ${checksum}`,
      changedMs: Number(ctimeNs / 1_000_000n),
      timestampResolutionMs: wholeSeconds
        ? COARSE_TIMESTAMP_RESOLUTION_MS
        : TIMESTAMP_RESOLUTION_MS,
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
