import { expect, test } from "vitest";
import { offerRun } from "../../../src/cli/init/offer-run.ts";
import type { SharedCall } from "../../../src/cli/requests.ts";
import { ExitCode } from "../../../src/support/errors.ts";

const plan = { file: "my plan.yaml", likely: 1_040_000, cap: 5_000_000 };

/** Answers the questions in turn, and records what was offered and run. */
async function offer(
  answers: readonly string[],
  options: SharedCall["options"] = {},
  exitCode: ExitCode = ExitCode.done,
) {
  const offered: (readonly string[])[] = [];
  const runs: (readonly string[])[] = [];
  const left = [...answers];
  const outcome = await offerRun(plan, options, {
    choose: (_message, choices) => {
      offered.push(choices.map(({ name }) => name));
      const wanted = left.shift();
      const chosen = choices.find(({ value }) => value === wanted);
      if (chosen === undefined) throw new Error(`${String(wanted)} is not offered`);
      return Promise.resolve(chosen.value);
    },
    run: (argv) => {
      runs.push(argv);
      return Promise.resolve(exitCode);
    },
  });
  return { offered, outcome, runs };
}

test("the simulated cloud is offered first, then the real one with its cost", async () => {
  const { offered, outcome, runs } = await offer(["simulated", "real"]);
  expect(offered).toEqual([
    [
      "on the simulated cloud: no account, no money",
      "for real: likely $1.04, at most $5.00",
      "not now",
    ],
    ["for real: likely $1.04, at most $5.00", "not now"],
  ]);
  expect(runs).toEqual([
    ["run", "my plan.yaml", "--simulate"],
    ["run", "my plan.yaml"],
  ]);
  expect(outcome).toBe(ExitCode.done);
});

test("nothing runs when the user declines", async () => {
  expect(await offer(["later"])).toMatchObject({ runs: [], outcome: ExitCode.done });
});

test("a run gets the options that say where and on which cloud", async () => {
  const options = { stateDir: "/state", tokenFile: "/token", seed: 7 };
  const { runs } = await offer(["simulated", "real"], options);
  expect(runs).toEqual([
    ["run", "my plan.yaml", "--simulate", "--state-dir", "/state", "--seed", "7"],
    ["run", "my plan.yaml", "--state-dir", "/state", "--token-file", "/token"],
  ]);
});

test("a plan that was written for a simulated cloud is only offered there", async () => {
  const { offered, runs } = await offer(["simulated"], { simulate: "http://127.0.0.1:4000" });
  expect(offered).toEqual([["on the simulated cloud: no account, no money", "not now"]]);
  expect(runs).toEqual([["run", "my plan.yaml", "--simulate", "http://127.0.0.1:4000"]]);
});

test("after a run that failed no other one is offered", async () => {
  const { offered, outcome } = await offer(["simulated"], {}, ExitCode.incomplete);
  expect([offered.length, outcome]).toEqual([1, ExitCode.incomplete]);
});
