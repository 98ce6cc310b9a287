import { ExitCode, SweepError } from "../support/errors.ts";
import { packageVersion } from "../support/package-version.ts";
import { listVerbs, verbNames } from "./load-verbs.ts";
import { overview, unknownVerb } from "./overview.ts";
import type { Terminal } from "./terminal.ts";

/** Runs the verb that a command line begins with. Commander is loaded for that alone. */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { stdout, stderr } = terminal;
  const [first, ...rest] = argv;
  if (first === undefined) {
    stderr.write(overview(await listVerbs()));
    return ExitCode.usage;
  }
  if (["help", "--help", "-h"].includes(first)) {
    // `help db check` is `db check --help`.
    if (rest.length > 0) return runProgram([...rest, "--help"], terminal);
    stdout.write(overview(await listVerbs()));
    return ExitCode.done;
  }
  if (["--version", "-V"].includes(first)) {
    stdout.write(`${packageVersion()}\n`);
    return ExitCode.done;
  }
  if (first.startsWith("-")) {
    throw new SweepError(`unknown option '${first}'`, {
      exitCode: ExitCode.usage,
      hint: "name a verb first; maider-sweep --help lists them",
    });
  }
  if (!verbNames().includes(first)) throw unknownVerb(first, await listVerbs());
  const { runVerb } = await import("./run-verb.ts");
  return runVerb(first, argv, terminal);
}
