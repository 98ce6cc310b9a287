import { describe, expect, it } from "vitest";
import { PassInvalidated, runPasses } from "../../src/benchmark/run-passes.ts";
import type { PassHandlers } from "../../src/benchmark/run-passes.ts";
import type { PassResult } from "../../src/evidence/pass.ts";
import { VOID_REPEATS } from "../../src/evidence/method.ts";
import type { Verdict } from "../../src/evidence/record.ts";
import { never, passRequest, smallSuite, underTest } from "./reference.ts";

const SOUND: Verdict = { state: "sound", reasons: [] };
const VOID: Verdict = { state: "void", reasons: ["the GPU was throttled"] };
const FAILED: Verdict = { state: "failed", reasons: ["alpha: HTTP 500"] };

function resultOf(verdict: Verdict): PassResult {
  return { tests: [], verdict, load: [], startedMs: 0, finishedMs: 1, rttS: 0 };
}

/** The handler calls, in order. */
type Called =
  | readonly ["start", number, string | undefined]
  | readonly ["pass" | "void", number, Verdict["state"] | undefined];

/** `outcomes` are the results of the attempts, in order; the last one repeats. */
async function loop(
  passes: readonly number[],
  outcomes: readonly (Verdict | Error)[],
  changes: Partial<PassHandlers> = {},
): Promise<{ called: Called[]; seeds: string[]; stopped: string | undefined }> {
  const called: Called[] = [];
  const seeds: string[] = [];
  const stopped = await runPasses(
    { ...passRequest(underTest({ port: 1, model: "m" })), suite: smallSuite, passes },
    {
      runPass: ({ seed }) => {
        const outcome = outcomes[Math.min(seeds.push(seed), outcomes.length) - 1] ?? SOUND;
        return outcome instanceof Error
          ? Promise.reject(outcome)
          : Promise.resolve(resultOf(outcome));
      },
      onStart: (pass, voided) => {
        called.push(["start", pass, voided]);
      },
      onTest: () => undefined,
      onPass: (pass, { verdict }) => {
        called.push(["pass", pass, verdict.state]);
        return Promise.resolve(undefined);
      },
      onVoid: (pass, _, result) => {
        called.push(["void", pass, result?.verdict.state]);
        return Promise.resolve();
      },
      ...changes,
    },
    never,
  );
  return { called, seeds, stopped };
}

describe("the loop over passes", () => {
  it("runs the requested passes, whether they are sound or failed", async () => {
    expect(await loop([2, 3], [FAILED, SOUND])).toMatchObject({
      called: [
        ["start", 2, undefined],
        ["pass", 2, "failed"],
        ["start", 3, undefined],
        ["pass", 3, "sound"],
      ],
      stopped: undefined,
    });
  });

  it("repeats a void pass, with the reason and another seed", async () => {
    const { called, seeds, stopped } = await loop([1, 2], [VOID, SOUND]);
    expect(called).toEqual([
      ["start", 1, undefined],
      ["void", 1, "void"],
      ["start", 1, "the GPU was throttled"],
      ["pass", 1, "sound"],
      ["start", 2, undefined],
      ["pass", 2, "sound"],
    ]);
    expect(seeds).toEqual(["seed/1/0", "seed/1/1", "seed/2/0"]);
    expect(stopped).toBeUndefined();
  });

  it("repeats an attempt that its caller invalidated", async () => {
    const { called } = await loop([1], [new PassInvalidated("the clock jumped"), SOUND]);
    expect(called).toEqual([
      ["start", 1, undefined],
      ["void", 1, undefined],
      ["start", 1, "the clock jumped"],
      ["pass", 1, "sound"],
    ]);
  });

  it("stops after the maximum number of repeats", async () => {
    const { called, stopped } = await loop([1, 2], [VOID]);
    expect(called.filter(([what]) => what === "void")).toHaveLength(1 + VOID_REPEATS);
    expect(called.filter(([, pass]) => pass === 2)).toEqual([]);
    expect(stopped).toBe(
      `pass 1 was void ${String(1 + VOID_REPEATS)} times: the GPU was throttled`,
    );
  });

  it("counts the repeats of each pass separately", async () => {
    const repeats = Array.from({ length: VOID_REPEATS }, () => VOID);
    const { called } = await loop([1, 2], [...repeats, SOUND, ...repeats, SOUND]);
    expect(called.filter(([what]) => what === "pass")).toEqual([
      ["pass", 1, "sound"],
      ["pass", 2, "sound"],
    ]);
  });

  it("judges each attempt by the best pace so far, including that of void attempts", async () => {
    const paces: unknown[] = [];
    const verdicts: Verdict[] = [
      { ...VOID, tokens_exact: true, server_decode_tps: 50, server_ttft_s: 0.2 },
      { ...SOUND, tokens_exact: true, server_decode_tps: 40, server_ttft_s: 0.1 },
      { ...FAILED, tokens_exact: false, server_decode_tps: 900, server_ttft_s: 0.01 },
      SOUND,
    ];
    await loop([1, 2, 3], [], {
      runPass: ({ pace }) => Promise.resolve(resultOf(verdicts[paces.push(pace) - 1] ?? SOUND)),
    });
    expect(paces).toEqual([
      undefined,
      { decodeTps: 50, ttftS: 0.2 },
      { decodeTps: 50, ttftS: 0.1 },
      { decodeTps: 50, ttftS: 0.1 },
    ]);
  });

  it("stops when the caller returns a reason", async () => {
    const { called, stopped } = await loop([1, 2], [FAILED], {
      onPass: () => Promise.resolve("the server died"),
    });
    expect(called).toEqual([["start", 1, undefined]]);
    expect(stopped).toBe("the server died");
  });

  it("throws the error of a pass", async () => {
    const lost = new Error("link lost");
    await expect(loop([1], [lost])).rejects.toBe(lost);
  });
});
