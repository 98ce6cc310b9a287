import { readFile } from "node:fs/promises";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";

/** Runs a local program without a shell and gives its stdout. */
export type RunProgram = (file: string, args: readonly string[]) => Promise<string>;

export interface SecretSources {
  /** `process.env`: what is read is deleted from it, so that no child inherits it. */
  readonly env: Record<string, string | undefined>;
  readonly run: RunProgram;
}

/** Variables that no child gets. */
export const SECRET_VARIABLES = ["LINODE_TOKEN", "LINODE_CLI_TOKEN", "HF_TOKEN"] as const;
const TOKEN_VARIABLES = ["LINODE_TOKEN", "LINODE_CLI_TOKEN"] as const;
const HOW_TO_GIVE =
  "Set LINODE_TOKEN to a token with linodes:read_write and firewall:read_write, or to an op:// reference, or name a file with --token-file.";

/** The Linode token, from `--token-file` or else the environment. @throws SweepError exit 4 */
export async function readToken(
  sources: SecretSources & { readonly tokenFile?: string | undefined },
): Promise<string> {
  const [first, second] = TOKEN_VARIABLES.map((name) => take(sources.env, name));
  const text =
    sources.tokenFile === undefined ? (first ?? second) : await readTokenFile(sources.tokenFile);
  if (text === undefined) {
    throw failure("There is no Linode token.", "LINODE_TOKEN is not set.", HOW_TO_GIVE);
  }
  return await resolve(text, "Linode token", sources.run);
}

/**
 * `HF_TOKEN` as it was given: what describes a model asks for it, and again what serves it, when it has left the
 * environment.
 */
const given = new WeakMap<SecretSources["env"], string>();

/** What `HF_TOKEN` was set to, a token or a reference; it leaves the environment. */
export function givenHubToken(env: SecretSources["env"]): string | undefined {
  const text = take(env, "HF_TOKEN");
  if (text !== undefined) given.set(env, text);
  return given.get(env);
}

/** The Hugging Face token of `HF_TOKEN`; `undefined` when there is none. @throws SweepError exit 4 */
export async function readHubToken({ env, run }: SecretSources): Promise<string | undefined> {
  const text = givenHubToken(env);
  return text === undefined ? undefined : await resolve(text, "Hugging Face token", run);
}

/** For VMs: a simulated hub lets anybody in who shows a token, and never sees a real one. @throws SweepError exit 4 */
export async function hubTokenFor(
  simulated: boolean,
  env: SecretSources["env"],
): Promise<string | undefined> {
  return simulated ? "hf_simulated" : readHubToken({ env, run: runLocalProgram });
}

/** `run` by execa; the program sees our environment, from which the secrets are gone. */
export const runLocalProgram: RunProgram = async (file, args) => {
  const { execa } = await import("execa");
  return (await execa(file, args)).stdout;
};

function take(env: Record<string, string | undefined>, name: string): string | undefined {
  const text = env[name]?.trim();
  delete env[name];
  return text === "" ? undefined : text;
}

async function readTokenFile(path: string): Promise<string> {
  if (path.startsWith("op://")) return path;
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw failure(
      "The token file cannot be read.",
      `${path}: ${code ?? "unreadable"}.`,
      HOW_TO_GIVE,
    );
  }
}

async function resolve(text: string, what: string, run: RunProgram): Promise<string> {
  const token = text.startsWith("op://") ? await readReference(text, what, run) : text;
  // A line break or blank inside would end the header, and shows that something else was pasted.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw failure(
      `The ${what} is not usable.`,
      token === "" ? "It is empty." : "It has blanks, line breaks or letters that no token has.",
      "Copy it again, whole and alone on one line.",
    );
  }
  return token;
}

async function readReference(reference: string, what: string, run: RunProgram): Promise<string> {
  try {
    return (await run("op", ["read", reference])).trim();
  } catch (error) {
    // Only the first line: further ones may repeat what the program printed.
    const reason = errorText(error).split("\n", 1)[0];
    throw failure(
      `The ${what} could not be read from 1Password.`,
      reason ?? "",
      "Check that `op read` of the reference works in this shell, or give the token itself.",
    );
  }
}

function failure(message: string, reason: string, hint: string): SweepError {
  return new SweepError(message, { exitCode: ExitCode.provider, reason, hint });
}
