import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SweepEvent } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { FencedError, JournalError } from "../../src/journal/journal-errors.ts";
import { openJournal, readJournal } from "../../src/journal/journal-file.ts";
import { createJournal } from "../../src/journal/create-journal.ts";
import { runFolder } from "../../src/journal/state-folder.ts";
import {
  newStateDir,
  openIn,
  opened,
  ownerOf,
  reserved,
  RUN,
  manualClock,
  vmLabel,
} from "./journal-rig.ts";

const newFolder = (): string => runFolder(newStateDir(), RUN);
const file = (folder: string): string => join(folder, "journal.jsonl");

/** A journal with two rentals; returns its bytes. */
async function written(folder: string): Promise<Buffer> {
  const journal = await openIn(folder);
  await journal.append(opened);
  for (const label of [vmLabel(1), vmLabel(2)]) {
    await journal.append(reserved(label));
    await journal.append({
      type: "create.intended",
      label,
      gpu: "g",
      region: "r",
      price_micro_usd: 1,
    });
    await journal.append({ type: "create.sent", label });
  }
  await journal.append({
    type: "rental.failed",
    label: vmLabel(2),
    stage: "boot",
    reason: "héllo – ünïcode",
  });
  await journal.close();
  return readFileSync(file(folder));
}

function folderWith(bytes: Uint8Array): string {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(file(folder), bytes);
  return folder;
}

describe("openJournal", () => {
  it("writes facts in the order of the calls, each with its envelope, to a file that only its owner can access", async () => {
    const folder = newFolder();
    const journal = await openIn(folder);
    const reported: SweepEvent[] = [];
    journal.subscribe((event) => reported.push(event));
    const facts = Array.from(
      { length: 40 },
      (_, i) => ({ type: "run.stopping", reason: String(i) }) as const,
    );
    const events = await Promise.all(facts.map((fact) => journal.append(fact)));
    await journal.close();
    expect(events.map(({ seq }) => seq)).toEqual(facts.map((_, i) => i + 1));
    expect(reported).toEqual(events);
    expect(journal.events()).toEqual(events);
    const lines = readFileSync(file(folder), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(events);
    expect(events[3]).toMatchObject({
      v: 1,
      gen: 1,
      run: RUN,
      type: "run.stopping",
      reason: "3",
      ts: "2026-11-24T04:00:00.000Z",
    });
    expect(statSync(file(folder)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("continues after the events of the previous owner", async () => {
    const folder = newFolder();
    await written(folder);
    const journal = await openIn(folder, 2);
    const event = await journal.append({ type: "run.adopted", by: "guard", pid: 1 });
    await journal.close();
    expect(event).toMatchObject({ seq: 9, gen: 2 });
    expect(readJournal(folder)).toMatchObject({ torn: false, damaged: false });
    expect(readJournal(folder).events).toHaveLength(9);
  });

  it("writes nothing for an owner that has a successor", async () => {
    const folder = newFolder();
    let newest = 1;
    const journal = await openIn(folder, 1, {
      ownership: {
        gen: 1,
        assertCurrent: () => {
          if (newest > 1) throw new FencedError(1, newest);
        },
      },
    });
    await journal.append(opened);
    newest = 2;
    await expect(journal.append({ type: "run.stopping", reason: "late" })).rejects.toThrow(
      FencedError,
    );
    await journal.close();
    expect(readJournal(folder).events).toHaveLength(1);
  });

  it("redacts secrets in the file and in the returned events", async () => {
    const folder = newFolder();
    const journal = await openIn(folder, 1, {
      redact: (text) => text.replaceAll("s3cret", "[redacted]"),
    });
    const event = await journal.append({ type: "run.stopping", reason: "token s3cret" });
    await journal.close();
    expect(event).toMatchObject({ reason: "token [redacted]" });
    expect(readFileSync(file(folder), "utf8")).not.toContain("s3cret");
    expect(readJournal(folder)).toMatchObject({ damaged: false, torn: false });
  });

  it("rejects a journal that is a symbolic link", async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    const other = join(newStateDir(), "other");
    writeFileSync(other, "");
    symlinkSync(other, file(folder));
    await expect(openIn(folder)).rejects.toThrow(JournalError);
    expect(readFileSync(other, "utf8")).toBe("");
  });

  it("fails while the disk is full, and continues without a gap afterwards", async () => {
    let full = false;
    const lines: string[] = [];
    const journal = createJournal(
      {
        append: (text) => {
          if (full) return Promise.reject(new JournalError("j", "ENOSPC"));
          lines.push(text);
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
      [],
      { run: RUN, ownership: ownerOf(1), clock: manualClock() },
    );
    await journal.append(opened);
    full = true;
    const lost = [1, 2].map((i) => journal.append({ type: "run.stopping", reason: String(i) }));
    for (const one of lost) await expect(one).rejects.toThrow(JournalError);
    full = false;
    await journal.append({ type: "run.stopping", reason: "3" });
    const read = readJournal(folderWith(Buffer.from(lines.join(""))));
    expect(read).toMatchObject({ damaged: false, torn: false });
    expect(read.events.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("loses no acknowledged fact if the process is killed while writing", async () => {
    for (const acks of [3, 40, 150]) {
      const folder = newFolder();
      const writer = spawn(
        process.execPath,
        [join(import.meta.dirname, "write-until-killed.ts"), folder, RUN],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let last = 0;
      for await (const line of createInterface({ input: writer.stdout })) {
        last = Number(line);
        if (last >= acks) writer.kill("SIGKILL");
      }
      const read = readJournal(folder);
      expect(read.damaged).toBe(false);
      expect(read.events.length).toBeGreaterThanOrEqual(last);
      const journal = await openIn(folder, 2);
      await journal.append({ type: "run.adopted", by: "recover", pid: 1 });
      await journal.close();
      expect(readJournal(folder)).toMatchObject({ damaged: false, torn: false });
    }
  });
});

describe("readJournal", () => {
  it("treats a missing journal as empty", () => {
    expect(readJournal(newFolder())).toEqual({
      events: [],
      torn: false,
      damaged: false,
      labels: [],
    });
  });

  it("reads every complete line of a journal that is truncated at any byte", async () => {
    const bytes = await written(newFolder());
    const ends = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
    const folder = folderWith(bytes);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      writeFileSync(file(folder), bytes.subarray(0, cut));
      const { events, torn, damaged } = readJournal(folder);
      const whole = ends.filter((end) => end <= cut).length;
      expect([events.length, torn, damaged]).toEqual([
        whole,
        cut > 0 && !ends.includes(cut),
        false,
      ]);
    }
  });

  it("moves a torn tail to another file and still finds the labels in it", async () => {
    const bytes = await written(newFolder());
    const second = bytes.indexOf(vmLabel(2)) + vmLabel(2).length;
    const folder = folderWith(bytes.subarray(0, second));
    expect(readJournal(folder)).toMatchObject({ torn: true, labels: [vmLabel(1), vmLabel(2)] });
    const journal = await openIn(folder, 2);
    await journal.append({ type: "run.adopted", by: "recover", pid: 1 });
    await journal.close();
    expect(readJournal(folder)).toMatchObject({
      torn: false,
      damaged: false,
      labels: [vmLabel(1), vmLabel(2)],
    });
    expect(readdirSync(folder).filter((name) => name.startsWith("journal.torn-"))).toHaveLength(1);
  });

  it("detects a flipped bit, and reports damage unless it is in the last line", async () => {
    const bytes = await written(newFolder());
    const clean = readJournal(folderWith(bytes));
    const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    const folder = folderWith(bytes);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        writeFileSync(file(folder), flipped);
        const read = readJournal(folder);
        expect(read.torn || read.damaged).toBe(true);
        expect(read.damaged).toBe(at < lastLine);
        for (const event of read.events) expect(clean.events).toContainEqual(event);
        expect(() => foldRun(read.events)).not.toThrow();
        // Each label is in more than one line.
        expect(read.labels).toEqual(expect.arrayContaining([vmLabel(1), vmLabel(2)]));
      }),
      { numRuns: 400 },
    );
  });

  it("reports damage if a torn tail has several lines", async () => {
    const bytes = await written(newFolder());
    const lastBreak = bytes.lastIndexOf(10, bytes.length - 2);
    const flipped = Buffer.from(bytes);
    flipped[lastBreak] = 11;
    expect(readJournal(folderWith(flipped))).toMatchObject({ damaged: true, torn: true });
  });

  it("reports damage if lines are missing in the middle", async () => {
    const lines = (await written(newFolder())).toString().split("\n");
    const folder = folderWith(Buffer.from(lines.toSpliced(3, 1).join("\n")));
    expect(readJournal(folder)).toMatchObject({ damaged: true, torn: false });
  });

  it("ignores lines that an earlier owner wrote after its successor", async () => {
    const folder = newFolder();
    await written(folder);
    const zombie = await openIn(newFolder(), 1);
    const late = await zombie.append({ type: "run.stopping", reason: "zombie" });
    await zombie.close();
    const journal = await openIn(folder, 2);
    await journal.append({ type: "run.adopted", by: "guard", pid: 1 });
    appendFileSync(file(folder), `${JSON.stringify(late)}\n`);
    await journal.append({ type: "run.stopping", reason: "guard" });
    await journal.close();
    const read = readJournal(folder);
    expect(read.damaged).toBe(false);
    expect(foldRun(read.events).stopping).toBe("guard");
  });

  it("never throws, whatever the bytes", () => {
    const folder = folderWith(Buffer.alloc(0));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        writeFileSync(file(folder), bytes);
        expect(readJournal(folder).events).toEqual([]);
      }),
    );
  });

  it.each([
    ["nothing but line ends", "\r\n\r\n"],
    ["nothing but zeros", "\0".repeat(300)],
  ])("considers a journal that is %s as damaged", (_what, text) => {
    expect(readJournal(folderWith(Buffer.from(text)))).toMatchObject({ events: [], damaged: true });
  });

  it("considers an empty journal as damaged only if the run had a guard", () => {
    const folder = folderWith(Buffer.alloc(0));
    expect(readJournal(folder)).toMatchObject({ events: [], damaged: false });
    writeFileSync(join(folder, "guard.log"), "");
    expect(readJournal(folder)).toMatchObject({ events: [], damaged: true });
  });

  it("reads a journal with other line breaks", async () => {
    const bytes = await written(newFolder());
    const clean = readJournal(folderWith(bytes));
    const other = Buffer.from(bytes.toString().replaceAll("\n", "\r\n"));
    expect(readJournal(folderWith(other))).toEqual(clean);
  });

  it("still reports damage after a tail of several lines was moved", async () => {
    const bytes = await written(newFolder());
    const folder = folderWith(Buffer.from(bytes.toString().replaceAll("\n", " ")));
    await (await openIn(folder, 2)).close();
    expect(readJournal(folder)).toMatchObject({ damaged: true, labels: [vmLabel(1), vmLabel(2)] });
  });

  it("considers an unreadable journal as damaged, not as empty", () => {
    const folder = newFolder();
    mkdirSync(file(folder), { recursive: true });
    expect(readJournal(folder)).toMatchObject({ events: [], damaged: true });
  });
});

it("the crash hook kills the program before or after its fact is durable", async () => {
  for (const [point, expected] of [
    ["create.sent:before", ["run.opened", "create.intended"]],
    ["create.sent:after", ["run.opened", "create.intended", "create.sent"]],
    ["create.intended:before:2", ["run.opened", "create.intended", "create.sent"]],
  ] as const) {
    const folder = newFolder();
    let signal: unknown;
    try {
      execFileSync(process.execPath, [
        join(import.meta.dirname, "crash-at.ts"),
        folder,
        RUN,
        point,
      ]);
    } catch (error) {
      ({ signal } = error as { signal: unknown });
    }
    expect(signal).toBe("SIGKILL");
    expect(readJournal(folder).events.map(({ type }) => type)).toEqual(expected);
  }
});

it("is not opened for an owner that has a successor", async () => {
  const folder = newFolder();
  const ownership = {
    gen: 1,
    assertCurrent: (): void => {
      throw new FencedError(1, 2);
    },
  };
  await expect(openJournal({ folder, run: RUN, ownership, clock: manualClock() })).rejects.toThrow(
    FencedError,
  );
});
