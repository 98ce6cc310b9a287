import { spawn } from "node:child_process";
import { openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStateFolder } from "../journal/state-folder.ts";
import { ExitCode } from "../support/errors.ts";
import { makeFolder } from "../support/make-folder.ts";
import { shellWord } from "../support/shell-word.ts";
import type { CommandCall } from "../cli/command.ts";
import type { FromDetached, ToDetached } from "./detached.ts";
import type { CloudTarget } from "./cloud-target.ts";
import { stateDir } from "./paths.ts";
import { givenHubToken, SECRET_VARIABLES } from "./token.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
/** Given to the process that goes on: what it says stands in its journal, and nobody is there to be asked. */
const ITS_OWN = ["--quiet", "--yes"];

/**
 * Starts the same command line, once it is checked and agreed to, as a process of its own, in a session of its own: no terminal and no log-out reaches
 * it. Returns once its guard watches and the run can be followed, or with its end when that came first. Secrets go
 * over a pipe, and stand in no argument and no environment.
 */
export async function detach(call: CommandCall, target: CloudTarget): Promise<ExitCode> {
  const { argv, options, terminal } = call;
  const state = stateDir(options, terminal.env);
  openStateFolder(state);
  const folder = join(state, "detached");
  makeFolder(folder, 0o700);
  const log = join(folder, `${randomUUID()}.log`);
  const output = openSync(log, "ax", 0o600);
  const hubToken = givenHubToken(terminal.env);
  const secrets = {
    ...(target.simulated !== undefined || target.token === undefined
      ? {}
      : { LINODE_TOKEN: target.token }),
    ...(hubToken === undefined ? {} : { HF_TOKEN: hubToken }),
  };
  const env = { ...terminal.env };
  for (const name of SECRET_VARIABLES) delete env[name];
  delete env["MAIDER_SWEEP_CRASH"];
  const words = argv.filter((word) => word !== "--detach" && word !== "--json");
  const child = spawn(
    process.execPath,
    [PROGRAM, ...words, ...ITS_OWN.filter((flag) => !words.includes(flag)), "--detached", log],
    { detached: true, stdio: ["ignore", output, output, "ipc"], env },
  );
  closeSync(output);
  // Ctrl-C does not reach it any more.
  const onStop = (): void => void child.kill("SIGTERM");
  terminal.signals.stop.addEventListener("abort", onStop);
  child.send({ secrets } satisfies ToDetached, () => undefined);
  const end = await new Promise<FromDetached | { readonly code: number }>((resolve) => {
    child.once("message", (message) => {
      resolve(message as FromDetached);
    });
    child.once("error", () => {
      resolve({ code: ExitCode.bug });
    });
    child.once("exit", (code) => {
      resolve({ code: code ?? ExitCode.bug });
    });
  });
  terminal.signals.stop.removeEventListener("abort", onStop);
  if ("code" in end) {
    terminal.stderr.write(readFileSync(log, "utf8"));
    rmSync(log, { force: true });
    return end.code as ExitCode;
  }
  child.disconnect();
  child.unref();
  const pid = child.pid ?? 0;
  if (options["json"] === true) {
    terminal.stdout.write(`${JSON.stringify({ run: end.run, pid })}\n`);
    return ExitCode.done;
  }
  const where = options["stateDir"] === undefined ? "" : ` --state-dir ${shellWord(state)}`;
  const follow = ["status", "logs --follow", "stop"].map((verb) => {
    const [name = "", ...flags] = verb.split(" ");
    return `  maider-sweep ${[name, end.run, ...flags].join(" ")}${where}`;
  });
  terminal.stdout.write(
    [`run ${end.run} goes on by itself, as process ${String(pid)}`, ...follow, ""].join("\n"),
  );
  return ExitCode.done;
}
