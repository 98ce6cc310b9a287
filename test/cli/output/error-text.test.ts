import { expect, test } from "vitest";
import { errorJson, errorText, exitCodeFor } from "../../../src/cli/output/error-text.ts";
import { ExitCode, SweepError } from "../../../src/support/errors.ts";
import { Interrupted } from "../../../src/support/interrupts.ts";

const error = new SweepError("the plan plan.yaml is not written", {
  exitCode: ExitCode.usage,
  reason:
    "a file of that name exists already, and it may hold a plan that somebody has worked on for hours",
  hint: "name another with -o, or overwrite it with --yes",
});

test("an error is what failed, why and what to do", () => {
  expect(errorText(error, Infinity).split("\n")).toEqual([
    "error: the plan plan.yaml is not written",
    `  why: ${String(error.reason)}`,
    `  try: ${String(error.hint)}`,
    "",
  ]);
});

test("on a terminal an error breaks between words", () => {
  expect(errorText(error, 62).split("\n")).toEqual([
    "error: the plan plan.yaml is not written",
    "  why: a file of that name exists already, and it may",
    "       hold a plan that somebody has worked on for hours",
    "  try: name another with -o, or overwrite it with --yes",
    "",
  ]);
});

test("a command to copy is not broken", () => {
  const hint =
    "maider-sweep rebench --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct --yes";
  const text = errorText(new SweepError("stale", { exitCode: ExitCode.usage, hint }), 60);
  expect(text).toContain(`  try: ${hint}\n`);
});

test("as JSON it has error, reason, hint and exit code", () => {
  expect(JSON.parse(errorJson(error))).toEqual({
    error: error.message,
    reason: error.reason,
    hint: error.hint,
    exit_code: 2,
  });
  expect(JSON.parse(errorJson(new Interrupted("SIGINT")))).toMatchObject({
    reason: null,
    hint: null,
    exit_code: 130,
  });
  expect(JSON.parse(errorJson(new TypeError("x is undefined")))).toEqual({
    error: "this is a bug in maider-sweep",
    reason: expect.stringContaining("TypeError: x is undefined") as string,
    hint: "please report it",
    exit_code: 1,
  });
  expect(exitCodeFor(new TypeError("x"))).toBe(ExitCode.bug);
});
