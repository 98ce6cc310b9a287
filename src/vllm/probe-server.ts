import type { Clock } from "../support/clock.ts";
import { type ChannelReply, type ChannelRequest, requestOverChannel } from "./http-over-channel.ts";
import { type Machine, MachineError } from "../machine/machine.ts";
import { plainText } from "../machine/remote-text.ts";

export type Probe =
  | { readonly kind: "ready"; readonly vllmVersion: string; readonly maxModelLen: number }
  | { readonly kind: "not_yet" }
  | { readonly kind: "refused"; readonly reason: string };

const ANSWER_MS = 30_000;
/** The first completion of a process compiles what start-up left out. */
const COMPLETION_MS = 180_000;

/**
 * Ready is what answers: `/health` alone is 200 before the model is listed, and both before a token can be made.
 * @throws MachineError of kind `link_lost`, or the signal's reason
 */
export async function probeServer(
  machine: Machine,
  model: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Probe> {
  const ask = async (request: ChannelRequest, ceilingMs = ANSWER_MS): Promise<ChannelReply> => {
    const channel = await machine.openChannel(signal);
    return requestOverChannel(channel, request, { ceilingMs: clock.ceiling(ceilingMs), signal });
  };
  try {
    const health = await ask({ method: "GET", path: "/health" });
    if (health.status !== 200) return { kind: "not_yet" };
    const models = await ask({ method: "GET", path: "/v1/models" });
    const listed = listedModel(models, model);
    if (listed === undefined) return { kind: "not_yet" };
    const version = await ask({ method: "GET", path: "/version" });
    const completion = await ask(
      {
        method: "POST",
        path: "/v1/chat/completions",
        body: { model, messages: [{ role: "user", content: "Are you there?" }], max_tokens: 1 },
      },
      COMPLETION_MS,
    );
    if (completion.status >= 400 && completion.status < 500) {
      const reason = `${String(completion.status)}: ${plainText(completion.body, 400)}`;
      return { kind: "refused", reason };
    }
    if (completion.status !== 200) return { kind: "not_yet" };
    return { kind: "ready", vllmVersion: versionIn(version), maxModelLen: listed };
  } catch (error) {
    const passing =
      error instanceof MachineError && (error.kind === "unreachable" || error.kind === "timeout");
    if (passing) return { kind: "not_yet" };
    throw error;
  }
}

/** The window of the model, when the server lists it. */
function listedModel(reply: ChannelReply, model: string): number | undefined {
  if (reply.status !== 200) return undefined;
  const list = json(reply.body)?.["data"];
  const found = (Array.isArray(list) ? (list as unknown[]) : []).find(
    (item) => (item as { readonly id?: unknown } | null)?.id === model,
  ) as { readonly max_model_len?: unknown } | undefined;
  return typeof found?.max_model_len === "number" ? found.max_model_len : undefined;
}

function versionIn(reply: ChannelReply): string {
  const version = json(reply.body)?.["version"];
  return typeof version === "string" ? plainText(version, 80) : "unknown";
}

function json(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
