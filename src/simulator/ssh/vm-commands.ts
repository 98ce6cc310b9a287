import { AGENT_PATH, type AgentVerb, type ServeJson } from "../../machine/agent-protocol.ts";
import { SETUP_PATH, type Guest } from "./guest.ts";

export interface CommandResult {
  readonly stdout: string | Buffer;
  readonly stderr: string;
  readonly code: number;
}

/** Reads stdin to its end. */
export type ReadStdin = () => Promise<string>;

const MAX_LOG_BYTES = 256 * 1024;
const done = (stdout: string | Buffer = ""): CommandResult => ({ stdout, stderr: "", code: 0 });
const json = (value: unknown): CommandResult => done(`${JSON.stringify(value)}\n`);
const failed = (code: number, reason: string): CommandResult => ({
  stdout: "",
  stderr: `${reason}\n`,
  code,
});

const refused = (reason: string): CommandResult => failed(2, `refused: ${reason}`);

/** Runs a command like the VM's shell: two builtins, and our script if the user-data installed it and started the set-up. */
export async function runCommand(
  guest: Guest,
  line: string,
  readStdin: ReadStdin,
): Promise<CommandResult> {
  const [program = "", ...rest] = line.trim().split(/\s+/);
  if (program === "true") return done();
  if (program === "echo") return done(`${rest.join(" ").replace(/["']/g, "")}\n`);
  const agent = guest.setup.files.get(AGENT_PATH);
  const starts = guest.setup.commands.some((command) => command.includes(SETUP_PATH));
  if (program !== AGENT_PATH || agent === undefined || !starts)
    return failed(127, `bash: line 1: ${program}: command not found`);
  if (!agent.executable) return failed(126, `bash: line 1: ${program}: Permission denied`);
  const verb = VERBS[rest[0] as AgentVerb] as Verb | undefined;
  if (verb === undefined || rest.length !== 1)
    return refused(`verbs: ${Object.keys(VERBS).join(", ")}`);
  return verb(guest, readStdin);
}

type Verb = (guest: Guest, readStdin: ReadStdin) => CommandResult | Promise<CommandResult>;

const VERBS: Record<AgentVerb, Verb> = {
  "setup-status": (guest) => json(guest.setupStatus()),
  facts: (guest) => {
    const facts = guest.facts();
    return facts === undefined ? failed(1, "nvidia-smi: command not found") : json(facts);
  },
  inspect: (guest) => json(guest.inspect()),
  secret: async (guest, readStdin) => {
    guest.setSecret((await readStdin()).trim());
    return done();
  },
  serve: async (guest, readStdin) => {
    const request = parseServe(await readStdin());
    if (typeof request === "string") return refused(request);
    if (guest.setupStatus().state !== "done") return failed(1, "the set-up is not done yet");
    guest.serve(request);
    return done();
  },
  "server-status": (guest) => json(guest.serverStatus()),
  "server-log": async (guest, readStdin) => {
    const from = Number((parseJson(await readStdin()) as { from?: unknown } | undefined)?.from);
    if (!Number.isInteger(from) || from < 0) return refused("from: not a byte");
    return done(guest.serverLog().subarray(from, from + MAX_LOG_BYTES));
  },
  stop: (guest) => {
    guest.stopServer();
    return done();
  },
  sample: (guest) =>
    guest.facts() === undefined ? failed(1, "nvidia-smi: command not found") : json(guest.sample()),
};

type Field = keyof typeof CHECKS;
const isText = (value: unknown): boolean => typeof value === "string";
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;
const CHECKS = {
  text: isText,
  "text?": isText,
  count: isCount,
  "count?": isCount,
  number: (value: unknown): boolean => typeof value === "number",
  flag: (value: unknown): boolean => typeof value === "boolean",
  "absent or true": (value: unknown): boolean => value === undefined || value === true,
} as const;
const SERVE_FIELDS: Record<keyof ServeJson, Field> = {
  image: "text",
  model: "text",
  revision: "text?",
  tensor_parallel_size: "count",
  pipeline_parallel_size: "count",
  max_model_len: "count",
  gpu_memory_utilization: "number",
  dtype: "text",
  quantization: "text?",
  attention_backend: "text?",
  kv_cache_dtype: "text?",
  enforce_eager: "flag",
  max_num_seqs: "count?",
  trust_remote_code: "flag",
  stream_interval: "count?",
  disable_xet: "absent or true",
  disable_p2p: "absent or true",
};

function parseServe(input: string): ServeJson | string {
  const value = parseJson(input);
  if (typeof value !== "object" || value === null) return "stdin is not a JSON object";
  const fields = value as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(SERVE_FIELDS).find(([name, field]) => !isField(fields[name], field));
  const unknown = Object.keys(fields).find((name) => !(name in SERVE_FIELDS));
  if (wrong !== undefined) return `\`${wrong[0]}\` is missing or of the wrong type`;
  if (unknown !== undefined) return `\`${unknown}\` is unknown`;
  return value as ServeJson;
}

function isField(value: unknown, field: Field): boolean {
  return value === null ? field.endsWith("?") : CHECKS[field](value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
