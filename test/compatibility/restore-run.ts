import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, gunzipSync, gzipSync } from "node:zlib";

/**
 * Puts a recording of version 0.1 (fixtures/v0.1) where the program finds it. Nothing of `src` is used here: a change
 * in how journals are encoded must not change what is restored.
 */

/** A folder of fixtures/v0.1. */
export type Recording =
  | "ended"
  | "killed-in-mid-pass"
  | "killed-after-create-intended"
  | "killed-before-destroy"
  | "damaged-line"
  | "up";

/** A line of a recorded journal, as JSON alone reads it. */
export interface RecordedEvent {
  readonly seq: number;
  readonly type: string;
  readonly ts: string;
  readonly [field: string]: unknown;
}

export interface RecordedRun {
  readonly run: string;
  /** Without the line that `damaged-line` has lost. */
  readonly events: readonly RecordedEvent[];
  /** The journal's lines, byte for byte. */
  readonly lines: readonly string[];
}

/** What is made true for the place and the time at which a recording is restored. */
export interface Changes {
  /** Whole seconds by which every time and every label's expiry moves; 0 when left out. */
  readonly shiftSeconds?: number;
  /** The simulated cloud that takes the place of the recorded one; a world that is gone when left out. */
  readonly world?: { readonly url: string; readonly world: string } | undefined;
  /** Recorded texts and their replacements: addresses, ids, keys. */
  readonly replace?: ReadonlyMap<string, string>;
}

const FIXTURES = fileURLToPath(new URL("../../fixtures/v0.1/", import.meta.url));
const RECORDED_AT = "/tmp/maider-sweep-v0.1";
/** Nothing listens on this port. It is none of those that `fetch` refuses to ask. */
const GONE_WORLD = { url: "http://127.0.0.1:2", world: "sim-000000000000" };
const CHECKSUM = /,"crc":"([0-9a-f]{8})"\}$/;
const TIME = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?=\.|Z)/g;
const LABEL = /\b(mds-[a-z0-9]{8}(?:-\d{3}-[a-z0-9]{4})?-x)([0-9a-z]+)\b/g;
const START_TIME = /("start_time": )(\d+)/;

/** The runs of a recording, oldest first. */
export function recordedRuns(recording: Recording): readonly RecordedRun[] {
  const runs = join(FIXTURES, recording, "state", "simulated", "runs");
  return readdirSync(runs)
    .map((run) => {
      const text = journalText(join(runs, run));
      const lines = text.split("\n").filter((line) => line !== "");
      const events = lines
        .filter((line) => CHECKSUM.test(line))
        .map((line) => JSON.parse(line) as RecordedEvent);
      return { run, events, lines };
    })
    .sort((a, b) => (a.events[0]?.ts ?? "").localeCompare(b.events[0]?.ts ?? ""));
}

/** What version 0.1 answered: a file of the recording's `expected` folder. */
export function expectedText(recording: Recording, file: string): string {
  return readFileSync(join(FIXTURES, recording, "expected", file), "utf8");
}

/** The body of a request that version 0.1 sent, with its placeholders filled in. */
export function requestBody(
  file: "create-vm.json" | "create-firewall.json",
  fill: Readonly<Record<string, string>>,
): Record<string, unknown> {
  return JSON.parse(readFileSync(join(FIXTURES, file), "utf8"), (_key, value: unknown) =>
    typeof value !== "string"
      ? value
      : // The longest first: one placeholder is the beginning of another.
        Object.keys(fill)
          .toSorted((a, b) => b.length - a.length)
          .reduce((text, name) => text.replaceAll(name, fill[name] ?? ""), value),
  ) as Record<string, unknown>;
}

/** A recorded text as it reads after the changes. */
export function changedText(text: string, { shiftSeconds = 0, replace }: Changes): string {
  let changed = text;
  for (const [old, now] of replace ?? []) changed = changed.replaceAll(old, now);
  if (shiftSeconds === 0) return changed;
  return changed
    .replaceAll(TIME, (_all, time: string) =>
      new Date(Date.parse(`${time}Z`) + shiftSeconds * 1_000).toISOString().slice(0, -5),
    )
    .replaceAll(
      LABEL,
      (_all, head: string, expiry: string) =>
        head + (Number.parseInt(expiry, 36) + shiftSeconds).toString(36),
    )
    .replace(START_TIME, (_all, head: string, seconds: string) =>
      head.concat(String(Number(seconds) + shiftSeconds)),
    );
}

/**
 * Writes a recording's state folder to `<folder>/state`, and its database, if any, next to it.
 * @param folder holds state and database, as `/tmp/maider-sweep-v0.1/<recording>` did.
 */
export function restoreRun(recording: Recording, folder: string, changes: Changes = {}): void {
  const source = join(FIXTURES, recording);
  const all = { ...changes, replace: replacements(recording, folder, changes) };
  for (const file of filesIn(source).filter((path) => !path.startsWith("expected"))) {
    const target = join(folder, changedText(file, all));
    const bytes = readFileSync(join(source, file));
    const packed = file.endsWith(".gz");
    const text = (packed ? gunzipSync(bytes) : bytes).toString("utf8");
    const changed = file.includes("journal.jsonl")
      ? changedJournal(text, all)
      : changedText(text, all);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, packed ? gzipSync(changed) : changed, { mode: 0o600 });
  }
  chmodSync(folder, 0o700);
}

/** Each line gets its own checksum again; one that was damaged stays as it is. */
function changedJournal(text: string, changes: Changes): string {
  return text
    .split("\n")
    .map((line) => {
      const [tail, checksum] = CHECKSUM.exec(line) ?? [];
      if (tail === undefined) return line;
      const body = `${line.slice(0, -tail.length)}}`;
      if (checksumOf(body) !== checksum) throw new Error(`a recorded line is damaged: ${line}`);
      const changed = changedText(body, changes);
      return `${changed.slice(0, -1)},"crc":"${checksumOf(changed)}"}`;
    })
    .join("\n");
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

function replacements(
  recording: Recording,
  folder: string,
  { world = GONE_WORLD, replace }: Changes,
): ReadonlyMap<string, string> {
  const recorded = recordedRuns(recording)[0]?.events[0];
  return new Map([
    [`${RECORDED_AT}/${recording}`, folder],
    [String(recorded?.["api_url"]), world.url],
    [String(recorded?.["world"]), world.world],
    // Another machine's process would count as alive; this one's, from before its last boot, does not.
    ['"host":"recorded"', `"host":${JSON.stringify(hostname())}`],
    ...(replace ?? []),
  ]);
}

function journalText(folder: string): string {
  const plain = join(folder, "journal.jsonl");
  return statSync(plain, { throwIfNoEntry: false }) === undefined
    ? gunzipSync(readFileSync(`${plain}.gz`)).toString("utf8")
    : readFileSync(plain, "utf8");
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(relative(folder, entry.parentPath), entry.name));
}
