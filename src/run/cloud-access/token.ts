import { readFile } from "node:fs/promises";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";

/** Runs a local program without a shell and gives its stdout. */
export type RunProgram = (file: string, args: readonly string[]) => Promise<string>;

export interface SecretSources {
  /** `process.env`: what is read is deleted from it, so that no child inherits it. */
  readonly env: Record<string, string | undefined>;
  readonly run: RunProgram;
}

/** Environment variables that are removed from the environment of child processes. */
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

/** Values of `HF_TOKEN`, which is needed again after it was removed from the environment. */
const hubTokens = new WeakMap<SecretSources["env"], string>();

/** The value of `HF_TOKEN`, a token or an `op://` reference. Removes it from the environment. */
export function givenHubToken(env: SecretSources["env"]): string | undefined {
  const text = take(env, "HF_TOKEN");
  if (text !== undefined) hubTokens.set(env, text);
  return hubTokens.get(env);
}

/** The Hugging Face token of `HF_TOKEN`; `undefined` when there is none. @throws SweepError exit 4 */
export async function readHubToken({ env, run }: SecretSources): Promise<string | undefined> {
  const text = givenHubToken(env);
  return text === undefined ? undefined : await resolve(text, "Hugging Face token", run);
}

/** The Hugging Face token for VMs; in a simulation a made-up one, which the simulated Hub accepts. @throws SweepError exit 4 */
export async function hubTokenFor(
  simulated: boolean,
  env: SecretSources["env"],
): Promise<string | undefined> {
  return simulated ? "hf_simulated" : readHubToken({ env, run: runLocalProgram });
}

/** Runs a program with our environment, from which the secrets have been removed. */
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
  // A token with blanks or line breaks cannot be sent in a header and was pasted wrongly.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw failure(
      `The ${what} is not usable.`,
      token === "" ? "It is empty." : "It has blanks, line breaks or letters that no token has.",
      "Copy the complete token again, without anything else.",
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
