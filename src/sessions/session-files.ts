import { z } from "zod";
import type { Session } from "./session.ts";

export const STATE_FILE = "state.json";
export const ENV_FILE = "aider-env";
/** Our own file next to the Python tool's two, which ignores this file and unknown keys in its own. */
export const RENTAL_FILE = "maider-sweep.json";

const stateSchema = z
  .looseObject({
    name: z.string(),
    provider_instance_id: z.coerce.string().optional(),
    // The key that older versions of the tool used.
    linode_id: z.coerce.string().optional(),
    ip: z.string(),
    type: z.string(),
    hourly_cost: z.number(),
    start_time: z.number(),
    model_id: z.string(),
    served_model_name: z.string(),
    provider: z.string().default("linode"),
  })
  .transform(({ linode_id: linodeId, ...state }) => ({
    ...state,
    provider_instance_id: state.provider_instance_id ?? linodeId ?? "",
  }));
const rentalSchema = z.object({ state_dir: z.string(), run: z.string(), label: z.string() });

/** The contents of a session's files; undefined for a file that does not exist. */
export interface SessionTexts {
  readonly [STATE_FILE]: string;
  readonly [ENV_FILE]: string | undefined;
  readonly [RENTAL_FILE]: string | undefined;
}

/** @returns undefined if `state.json` is invalid: then the folder is not a session */
export function parseSession(texts: SessionTexts): Session | undefined {
  const state = stateSchema.safeParse(parseJson(texts[STATE_FILE]));
  if (!state.success) return undefined;
  const rental = rentalSchema.safeParse(parseJson(texts[RENTAL_FILE] ?? "null"));
  const env = parseEnv(texts[ENV_FILE] ?? "");
  const { data } = state;
  return {
    name: data.name,
    instanceId: data.provider_instance_id,
    ip: data.ip,
    type: data.type,
    hourlyCost: data.hourly_cost,
    startTime: data.start_time,
    modelId: data.model_id,
    servedModelName: data.served_model_name,
    provider: data.provider,
    apiBase: env.get("OPENAI_API_BASE"),
    apiKey: env.get("OPENAI_API_KEY"),
    rental: rental.success
      ? {
          stateDir: rental.data.state_dir,
          run: rental.data.run,
          label: rental.data.label,
        }
      : undefined,
  };
}

/** Formats a session as the Python tool does, plus a file that leads to the rental's journal. */
export function formatSession(session: Session): SessionTexts {
  const { rental } = session;
  const exports: readonly (readonly [string, string])[] = [
    ["IP", session.ip],
    ["PROVIDER", session.provider],
    ["PROVIDER_INSTANCE_ID", session.instanceId],
    ["HOURLY_COST", `$${String(session.hourlyCost)}`],
    ["OPENAI_API_BASE", session.apiBase ?? ""],
    ["OPENAI_API_KEY", session.apiKey ?? ""],
    ["AIDER_MODEL", `openai/${session.servedModelName}`],
    ["SESSION_NAME", session.name],
  ];
  const lines = exports
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `export ${name}=${quoted(name, value)}\n`);
  return {
    [STATE_FILE]: `${JSON.stringify(
      {
        name: session.name,
        provider_instance_id: session.instanceId,
        ip: session.ip,
        type: session.type,
        hourly_cost: session.hourlyCost,
        start_time: session.startTime,
        model_id: session.modelId,
        served_model_name: session.servedModelName,
        provider: session.provider,
      },
      undefined,
      2,
    )}\n`,
    [ENV_FILE]: lines.join(""),
    [RENTAL_FILE]:
      rental === undefined
        ? undefined
        : `${JSON.stringify({ state_dir: rental.stateDir, run: rental.run, label: rental.label }, undefined, 2)}\n`,
  };
}

/**
 * Quotes a value for both readers of the file: the Python tool, which strips either kind of quote and has no escapes,
 * and a shell that sources it, where single quotes prevent that `$(...)` in a value is executed.
 */
function quoted(name: string, value: string): string {
  const plain = value.replaceAll(/["'\\`\n]/g, "");
  return plain.includes("$") && name !== "HOURLY_COST" ? `'${plain}'` : `"${plain}"`;
}

/** Parses lines of the form `export NAME="value"`, without expanding anything. */
function parseEnv(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^\s*export\s+(\w+)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined)
      found.set(name, value.replace(/^(["'])(.*)\1$/, "$2"));
  }
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
