import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openJournal } from "../../../src/journal/journal-file.ts";
import { takeOwnership } from "../../../src/lock/owner-lock.ts";
import { realClock } from "../../../src/support/clock.ts";
import { speak } from "../fake-terminal.ts";

const RUN = "k3xw90ab";
let state: string;
let folder: string;

const label = (seq: number): string => `mds-${RUN}-00${String(seq)}-abcd-xt3st00`;

beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), "mds-logs-"));
  folder = join(state, "simulated", "runs", RUN);
  mkdirSync(folder, { recursive: true });
  const ownership = await takeOwnership(join(state, "simulated"), {
    run: RUN,
    role: "sweep",
    since: "",
  });
  const journal = await openJournal({
    folder,
    run: RUN,
    ownership,
    clock: realClock(),
    redact: (text) => text,
  });
  for (const [seq, gpu, model] of [
    [1, "g2-gpu-rtx4000a1-s", "a/one"],
    [2, "g2-gpu-rtx4000a2-s", "b/two"],
  ] as const) {
    await journal.append({
      type: "rental.reserved",
      label: label(seq),
      rental: seq,
      gpu,
      region: "us-ord",
      models: [model],
      price_micro_usd: 350_000,
      hours: 2,
      micro_usd: 700_000,
      deadline: "2026-11-24T08:00:00Z",
      expires: "2026-11-24T09:00:00Z",
      host_key: "AAAA",
    });
    await journal.append({
      type: "rental.failed",
      label: label(seq),
      stage: "boot",
      reason: model,
    });
  }
  await journal.append({ type: "run.closed", state: "finished", exit_code: 5 });
  await journal.close();
  await ownership.release();
  writeFileSync(join(folder, `${label(1)}-a--one-1.log`), "ERROR no \u001B[31mmemory\n");
  writeFileSync(join(folder, `${label(2)}-b--two-1.log`), "ERROR gated\n");
  writeFileSync(join(folder, "guard.log"), "guard: destroying\n");
});

const logs = (...argv: string[]) => speak(["logs", ...argv, "--state-dir", state]);

describe("logs", () => {
  it("tells a run's story and everything that it kept, without terminal codes", async () => {
    const { code, stdout } = await logs(RUN);
    expect(code).toBe(0);
    expect(stdout).toContain("failed (boot): b/two");
    expect(stdout).toContain(`==> ${label(1)}-a--one-1.log <==\nERROR no memory\n`);
    expect(stdout).toContain("==> guard.log <==\nguard: destroying");
  });

  it.each([label(1), "g2-gpu-rtx4000a1-s", "rtx4000a1-s", "a1", "1", "a/one", "one"])(
    "keeps to the entry that %s names",
    async (entry) => {
      const { stdout } = await logs(RUN, entry);
      expect(stdout).toContain("failed (boot): a/one");
      expect(stdout).toContain("a--one-1.log");
      expect(stdout).not.toContain("two");
      expect(stdout).not.toContain("guard.log");
    },
  );

  it.each([[], ["last"], ["k3x"], ["--simulate"]])(
    "takes the newest run, or one by the first characters of its id: %j",
    async (...argv) => {
      const { code, stdout } = await logs(...argv);
      expect(code).toBe(0);
      expect(stdout).toContain("failed (boot): b/two");
    },
  );

  it("ends following when the run has ended", async () => {
    expect((await logs(RUN, "--follow")).stdout).toContain("run finished, exit code 5");
  });

  it("gives all of it as JSON", async () => {
    const told = JSON.parse((await logs(RUN, "2", "--json")).stdout) as {
      events: { type: string }[];
      files: { name: string; text: string }[];
    };
    expect(told.events.map(({ type }) => type)).toEqual(["rental.reserved", "rental.failed"]);
    expect(told.files).toEqual([{ name: `${label(2)}-b--two-1.log`, text: "ERROR gated\n" }]);
  });

  it.each([
    [["aaaaaaaa"], `the newest are ${RUN}`],
    [["../../x"], `the newest are ${RUN}`],
    [[RUN, "c/three"], "it has rtx4000a1-s, one"],
  ])("refuses %j and says what there is", async (argv, reason) => {
    const { code, stderr } = await logs(...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
  });
});
