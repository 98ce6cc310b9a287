// A child of the tests: tries to become the owner, tells the outcome, and lives until it is killed.
import { takeOwnership } from "../../src/lock/owner-lock.ts";
import { SweepError } from "../../src/support/errors.ts";
import { RUN } from "../journal/journal-rig.ts";

try {
  const { gen } = await takeOwnership(process.argv[2] ?? "", {
    run: RUN,
    role: "sweep",
    since: "now",
  });
  process.stdout.write(`owner ${String(gen)}\n`);
} catch (error) {
  if (!(error instanceof SweepError)) throw error;
  process.stdout.write(
    `${String(error.exitCode)} ${(error.reason ?? "").split(" has owned")[0] ?? ""}\n`,
  );
}
process.stdin.resume();
