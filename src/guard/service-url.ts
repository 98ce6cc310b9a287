import { ExitCode, SweepError } from "../support/errors.ts";
import { isLoopback } from "../support/loopback.ts";

/** A web service of the user that a run reports to. */
export interface UserService {
  /** As it stands in a message: `the heartbeat's address`. */
  readonly name: string;
  readonly option: string;
  readonly variable: string;
}

/**
 * The address from the option, or else from the environment. Undefined if there is none, and for an address that is not
 * on this machine if the cloud of `apiUrl` is.
 * @throws SweepError exit 2 if it is not an http or https address; the message does not contain it
 */
export function serviceUrl(
  { name, option, variable }: UserService,
  given: string | undefined,
  env: NodeJS.ProcessEnv,
  apiUrl: string,
): string | undefined {
  const url = given ?? env[variable] ?? "";
  if (url === "") return undefined;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new SweepError(`the ${name} address cannot be used`, {
      exitCode: ExitCode.usage,
      hint: `give an http or https address with ${option} or ${variable}`,
    });
  }
  return isLoopback(apiUrl) && !isLoopback(url) ? undefined : url;
}
