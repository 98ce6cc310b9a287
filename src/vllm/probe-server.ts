import { MachineError } from "../machine/machine.ts";
import type { Machine, MachineErrorKind } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import { NoAnswerError } from "./connection.ts";
import { httpClient } from "./http-client.ts";
import { probeCompletion, servedModels, vllmVersion } from "./server-api.ts";

/** The port is still closed, or the channel did not open in time. */
const TEMPORARY: ReadonlySet<MachineErrorKind> = new Set(["unreachable", "timeout"]);

export type Probe =
  | { readonly kind: "ready"; readonly vllmVersion: string; readonly maxModelLen: number }
  | { readonly kind: "not_yet" }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Checks whether the machine's vLLM serves the model. This needs a completion, since `/health` and the list of models
 * answer before the server can generate a token.
 * @throws MachineError of kind `link_lost`, or the signal's reason
 */
export async function probeServer(
  machine: Pick<Machine, "openChannel">,
  model: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Probe> {
  const open = (inner: AbortSignal) => machine.openChannel(inner);
  const client = httpClient({ open, apiKey: undefined }, clock);
  let isListed = false;
  try {
    if ((await client.get("/health", signal)).status !== 200) return { kind: "not_yet" };
    const models = await servedModels(client, "/v1", signal);
    const maxModelLen = models.find(({ id }) => id === model)?.maxModelLen;
    if (maxModelLen === undefined) return { kind: "not_yet" };
    isListed = true;
    const version = await vllmVersion(client, "/v1", signal);
    await probeCompletion(client, "/v1", model, signal);
    return { kind: "ready", vllmVersion: version ?? "unknown", maxModelLen };
  } catch (error) {
    if (error instanceof NoAnswerError) {
      const { status = 0, message } = error;
      const isRefused = isListed && status >= 400 && status < 500;
      return isRefused ? { kind: "refused", reason: message } : { kind: "not_yet" };
    }
    if (error instanceof MachineError && TEMPORARY.has(error.kind)) return { kind: "not_yet" };
    throw error;
  } finally {
    client.close();
  }
}
