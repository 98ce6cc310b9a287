import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStateFolder } from "../journal/state-folder.ts";
import { ExitCode } from "../support/errors.ts";
import { makeFolder } from "../support/make-folder.ts";
import type { CloudTarget } from "./cloud-access/cloud-target.ts";
import type { RunContext } from "./run-context.ts";
import { givenHubToken, SECRET_VARIABLES } from "./cloud-access/token.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
/** The journal has everything that a detached run would print, and there is no terminal for a question. */
const ADDED = ["--quiet", "--yes"];
const REMOVED = new Set(["--detach", "--json"]);

/** The only message to the detached process. */
interface Secrets {
  readonly secrets: Readonly<Record<string, string>>;
}

/** The answer of the detached process when its run has started. */
interface Started {
  readonly run: string;
}

export interface DetachedRun {
  readonly run: string;
  readonly pid: number;
}

/** A detached process that ended before its run started. */
export interface DetachedEnd {
  readonly exitCode: ExitCode;
  readonly output: string;
}

/**
 * Starts a checked command line in the background, in a session of its own that a closed terminal or a log-out does not
 * affect. Secrets are sent over a pipe, so that they are in no argument and no environment.
 * @returns when the run has started with its guard, or when the process has ended
 */
export async function detach(
  argv: readonly string[],
  stateDir: string,
  target: CloudTarget,
  { env, signals }: Pick<RunContext, "env" | "signals">,
): Promise<DetachedRun | DetachedEnd> {
  openStateFolder(stateDir);
  const folder = join(stateDir, "detached");
  makeFolder(folder, 0o700);
  const log = join(folder, `${randomUUID()}.log`);
  const output = openSync(log, "ax", 0o600);
  const message: Secrets = { secrets: secretsOf(target, env) };
  const words = argv.filter((word) => !REMOVED.has(word));
  const added = ADDED.filter((flag) => !words.includes(flag));
  const child = spawn(process.execPath, [PROGRAM, ...words, ...added, "--detached", log], {
    detached: true,
    stdio: ["ignore", output, output, "ipc"],
    env: withoutSecrets(env),
  });
  closeSync(output);
  // In its own session, the child does not receive Ctrl-C.
  const onStop = (): void => void child.kill("SIGTERM");
  signals.stop.addEventListener("abort", onStop);
  child.send(message, () => undefined);
  const answer = await new Promise<Started | ExitCode>((resolve) => {
    child.once("message", (started) => resolve(started as Started));
    child.once("error", () => resolve(ExitCode.bug));
    child.once("exit", (code) => resolve((code ?? ExitCode.bug) as ExitCode));
  });
  signals.stop.removeEventListener("abort", onStop);
  if (typeof answer === "number") {
    const text = readFileSync(log, "utf8");
    rmSync(log, { force: true });
    return { exitCode: answer, output: text };
  }
  child.disconnect();
  child.unref();
  return { run: answer.run, pid: child.pid ?? 0 };
}

/**
 * The context of a detached process: it receives the secrets from its parent and tells it when the run has started.
 * @param log the output so far, which is then moved to the run's folder
 */
export async function detachedContext(context: RunContext, log: string): Promise<RunContext> {
  Object.assign(context.env, await receiveSecrets());
  const started = async (run: string, folder: string): Promise<void> => {
    await rename(log, join(folder, "output.log")).catch(() => undefined);
    if (process.connected) process.send?.({ run } satisfies Started);
  };
  return { ...context, reporter: { ...context.reporter, started } };
}

/** Empty if the parent has already ended. Afterwards nothing listens to the pipe, so that it does not keep the process running. */
async function receiveSecrets(): Promise<Secrets["secrets"]> {
  const received = new AbortController();
  const { signal } = received;
  const message = once(process, "message", { signal }).then(([sent]) => (sent as Secrets).secrets);
  const parentEnded = once(process, "disconnect", { signal }).then(() => ({}));
  for (const each of [message, parentEnded]) each.catch(() => undefined);
  try {
    return await Promise.race([message, parentEnded]);
  } finally {
    received.abort();
  }
}

function secretsOf(
  { simulated, token }: CloudTarget,
  env: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  const hubToken = givenHubToken(env);
  return {
    ...(simulated !== undefined || token === undefined ? {} : { LINODE_TOKEN: token }),
    ...(hubToken === undefined ? {} : { HF_TOKEN: hubToken }),
  };
}

function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = { ...env };
  for (const name of [...SECRET_VARIABLES, "MAIDER_SWEEP_CRASH"]) delete rest[name];
  return rest;
}
