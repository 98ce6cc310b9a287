import { EventEmitter } from "node:events";
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, it } from "vitest";
import { watchStdoutErrors } from "../../../src/cli/output/stdout-errors.ts";

/** A process whose stdout fails with these errors, one after the other, before it ends. */
function ended(errors: readonly (string | undefined)[], code: number) {
  let told = "";
  const stdout = new EventEmitter();
  const stderr = Object.assign(new EventEmitter(), {
    write: (text: string) => {
      told += text;
    },
  });
  const target = Object.assign(new EventEmitter(), {
    stdout,
    stderr,
    exitCode: undefined as number | undefined,
  });
  watchStdoutErrors(target as unknown as NodeJS.Process);
  for (const error of errors)
    stdout.emit("error", Object.assign(new Error(`it failed: ${error ?? ""}`), { code: error }));
  const before = told;
  target.emit("exit", code);
  return { told, before, exitCode: target.exitCode ?? code };
}

it.each([["EPIPE"], ["EIO"]])("a reader that has left (%s) is no error", (code) => {
  expect(ended([code], 0)).toEqual({ told: "", before: "", exitCode: 0 });
});

it.each([
  ["ENOSPC", "no space left on device"],
  ["EDQUOT", "quota"],
  ["EBADF", "it failed: EBADF"],
  [undefined, "it failed"],
])("output that is lost (%s) is told in one line at the end, with exit 2", (code, why) => {
  const { told, before, exitCode } = ended([code, "EPIPE", "ENOSPC"], 0);
  expect(before).toBe("");
  expect(told).toMatch(/^error: .*write it where there is room.*\n$/);
  expect(told).toContain(why);
  expect(exitCode).toBe(2);
});

it("what went wrong before, or may still be billed, keeps its own exit code", () => {
  expect(ended(["ENOSPC"], 6).exitCode).toBe(6);
  expect(ended(["ENOSPC"], 130).exitCode).toBe(130);
});

it.runIf(process.platform === "linux")(
  "a verb whose stdout is a full device ends in exit 2",
  () => {
    const full = openSync("/dev/full", "w");
    const main = new URL("../../../src/cli/main.ts", import.meta.url).href;
    const script = `(await import(${JSON.stringify(main)})).main(["schema"])`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    closeSync(full);
    expect(stderr).toBe(
      "error: output truncated: no space left on device; write it where there is room (nothing else was affected)\n",
    );
    expect(status).toBe(2);
  },
);
