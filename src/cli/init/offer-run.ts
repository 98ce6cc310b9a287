import { ExitCode } from "../../support/errors.ts";
import { formatUsd, type MicroUsd } from "../../support/money.ts";
import type { SharedCall } from "../requests.ts";

/** A plan that was just written. */
export interface WrittenPlan {
  readonly file: string;
  readonly likely: MicroUsd;
  readonly cap: MicroUsd | undefined;
}

type Answer = "simulated" | "real" | "later";

export interface OfferPorts {
  choose(
    message: string,
    choices: readonly { readonly name: string; readonly value: Answer }[],
  ): Promise<Answer>;
  /** Runs a command line of maider-sweep. */
  run(argv: readonly string[]): Promise<ExitCode>;
}

/**
 * Offers to run a plan: on the simulated cloud first, then for real.
 * @param options of the call that wrote the plan: a run gets those that say where and on which cloud
 * @returns the exit code of the last run
 */
export async function offerRun(
  { cap, file, likely }: WrittenPlan,
  options: SharedCall["options"],
  ports: OfferPorts,
): Promise<ExitCode> {
  const simulate = options.simulate ?? true;
  const choices = {
    simulated: "on the simulated cloud: no account, no money",
    real: `for real: likely ${formatUsd(likely)}${cap === undefined ? "" : `, at most ${formatUsd(cap)}`}`,
    later: "not now",
  } as const;
  const cloudFlags = {
    simulated: ["--simulate", ...(simulate === true ? [] : [simulate])],
    real: [],
  } as const;
  let left: readonly Answer[] =
    options.simulate === undefined ? ["simulated", "real", "later"] : ["simulated", "later"];
  let outcome: ExitCode = ExitCode.done;
  while (left.length > 1 && outcome === ExitCode.done) {
    const answer = await ports.choose(
      "Run it now?",
      left.map((value) => ({ value, name: choices[value] })),
    );
    if (answer === "later") break;
    outcome = await ports.run(["run", file, ...cloudFlags[answer], ...placeFlags(options, answer)]);
    left = answer === "real" ? [] : left.filter((value) => value !== answer);
  }
  return outcome;
}

function placeFlags(
  options: SharedCall["options"],
  answer: "simulated" | "real",
): readonly string[] {
  const { apiUrl, insecureApiUrl, seed, speed, sshPort, stateDir, tokenFile } = options;
  const flag = (name: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [name, String(value)];
  const places = flag("--state-dir", stateDir);
  if (answer === "simulated")
    return [...places, ...flag("--seed", seed), ...flag("--speed", speed)];
  return [
    ...places,
    ...flag("--token-file", tokenFile),
    ...flag("--api-url", apiUrl),
    ...(insecureApiUrl === true ? ["--insecure-api-url"] : []),
    ...flag("--ssh-port", sshPort),
  ];
}
