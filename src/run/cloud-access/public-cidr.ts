import { isIPv4 } from "node:net";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { isLoopback } from "../../support/loopback.ts";
import type { CloudTarget } from "./cloud-target.ts";

/** Both hosts have only IPv4 addresses, so they see the address from which we reach an IPv4 VM. */
const ECHO_SERVICES = ["https://api.ipify.org", "https://ipv4.icanhazip.com"] as const;
const ECHO_TIMEOUT_MS = 15_000;

/**
 * The address range from which we reach the VMs of a cloud. For a cloud on this machine, no request leaves it.
 * @throws SweepError exit 4 if it cannot be found out; the signal's reason
 */
export async function callerCidr(
  { apiUrl, simulated }: Pick<CloudTarget, "apiUrl" | "simulated">,
  signal: AbortSignal,
): Promise<string> {
  if (simulated !== undefined) return simulated.clientCidr();
  if (isLoopback(apiUrl)) return "127.0.0.1/32";
  return publicCidr({ fetch, signal });
}

/**
 * The caller's public address as `a.b.c.d/32`, which Linode's API does not show. Two services must agree, because a wrong
 * address would lock us out and allow someone else, for example in a network with several public addresses.
 * @throws SweepError exit 4; the signal's reason
 */
export async function publicCidr(options: {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}): Promise<string> {
  const limited = AbortSignal.any([options.signal, AbortSignal.timeout(ECHO_TIMEOUT_MS)]);
  const ask = async (url: string): Promise<string> => {
    const reply = await options.fetch(url, { signal: limited, redirect: "error" });
    const address = (await reply.text()).trim();
    if (!reply.ok || !isIPv4(address)) {
      throw new Error(`${url} did not answer with an IPv4 address`);
    }
    return address;
  };
  const answers = await Promise.allSettled(ECHO_SERVICES.map(ask));
  options.signal.throwIfAborted();
  const addresses = answers.map((answer) => {
    if (answer.status === "rejected") throw failure(`${errorText(answer.reason)}.`);
    return answer.value;
  });
  const [first] = addresses;
  if (first === undefined || addresses.some((address) => address !== first)) {
    throw failure(`Two services report different addresses: ${addresses.join(", ")}.`);
  }
  return `${first}/32`;
}

function failure(reason: string): SweepError {
  return new SweepError("Could not find out your own public address.", {
    exitCode: ExitCode.provider,
    reason,
    hint: "Name the addresses that may reach the VMs: --ssh-cidr 203.0.113.7/32.",
  });
}
