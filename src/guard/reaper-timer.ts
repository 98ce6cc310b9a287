import { execa } from "execa";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExitCode, SweepError } from "../support/errors.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import { shellLine } from "../support/shell-word.ts";

/** A service of this machine that runs a command regularly. */
export interface TimerKind {
  readonly name: "systemd" | "cron";
  /** Whether this machine has it. */
  available(): Promise<boolean>;
  installed(): Promise<boolean>;
  /** The files or entries that `install` would write. */
  preview(job: ReaperJob): Promise<readonly { readonly where: string; readonly text: string }[]>;
  install(job: ReaperJob): Promise<void>;
  uninstall(): Promise<void>;
}

/** The reaper's command line, which holds no secret, and how often it runs. */
export interface ReaperJob {
  readonly argv: readonly string[];
  readonly minutes: number;
}

const UNITS = ["maider-sweep-reap.service", "maider-sweep-reap.timer"] as const;
const MARK = "# maider-sweep reap";
const NO_TABLE = /\bno crontab for\b/;
const CRON_MINUTES = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440];

/** @param env where HOME, XDG_CONFIG_HOME and PATH are read. */
export function timerKinds(env: NodeJS.ProcessEnv): readonly TimerKind[] {
  return [systemd(env), cron(env)];
}

function systemd(env: NodeJS.ProcessEnv): TimerKind {
  const base = env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? homedir(), ".config");
  const folder = join(base, "systemd", "user");
  const systemctl = (...args: readonly string[]) => ask(env, "systemctl", ["--user", ...args]);
  const preview: TimerKind["preview"] = (job) =>
    Promise.resolve(UNITS.map((name) => ({ where: join(folder, name), text: filled(name, job) })));
  const uninstall = async (): Promise<void> => {
    await systemctl("disable", "--now", UNITS[1]);
    for (const name of UNITS) await rm(join(folder, name), { force: true });
    await systemctl("daemon-reload");
  };
  return {
    name: "systemd",
    available: async () => (await systemctl("show-environment")).ok,
    installed: () => Promise.resolve(UNITS.every((name) => existsSync(join(folder, name)))),
    preview,
    install: async (job) => {
      await mkdir(folder, { recursive: true });
      try {
        for (const { where, text } of await preview(job))
          await writeFileAtomically(where, text, { mode: 0o644 });
        demand(await systemctl("daemon-reload"), "systemd does not read its units");
        demand(await systemctl("enable", "--now", UNITS[1]), "systemd does not start the timer");
      } catch (error) {
        await uninstall();
        throw error;
      }
    },
    uninstall,
  };
}

function cron(env: NodeJS.ProcessEnv): TimerKind {
  const table = async (): Promise<string> => {
    const answer = await ask(env, "crontab", ["-l"]);
    if (!answer.found || (!answer.ok && NO_TABLE.test(answer.complaint))) return "";
    demand(answer, "the crontab cannot be read", "what is in it stays as it is; crontab -l tells");
    return answer.text;
  };
  const others = async (): Promise<string> =>
    (await table())
      .split(/(?<=\n)/)
      .filter((line) => !isMarked(line))
      .join("");
  const write = async (text: string): Promise<void> => {
    demand(await ask(env, "crontab", ["-"], text), "crontab refuses the entry");
  };
  const lineOf = ({ argv, minutes }: ReaperJob): string =>
    `${cronTime(minutes)} ${shellLine(argv).replaceAll("%", "\\%")} ${MARK}\n`;
  return {
    name: "cron",
    // `crontab -l` also fails if there is no table yet, so only a missing program counts.
    available: async () => (await ask(env, "crontab", ["-l"])).found,
    installed: async () => (await table()).split("\n").some(isMarked),
    preview: async (job) => [{ where: "crontab", text: lineOf(job) }],
    install: async (job) => {
      const line = Buffer.from(lineOf(job)).toString("latin1");
      const kept = await others();
      await write(kept === "" || kept.endsWith("\n") ? kept + line : `${kept}\n${line}`);
    },
    uninstall: async () => write(await others()),
  };
}

function isMarked(line: string): boolean {
  return line.trimEnd().endsWith(MARK);
}

/** @throws SweepError exit 2 for an interval that does not divide an hour or a day, which crontab(5) cannot express */
function cronTime(minutes: number): string {
  if (minutes === 1440) return "0 0 * * *";
  if (minutes === 60) return "0 * * * *";
  if (CRON_MINUTES.includes(minutes))
    return minutes < 60 ? `*/${String(minutes)} * * * *` : `0 */${String(minutes / 60)} * * *`;
  throw new SweepError(`cron cannot run anything every ${String(minutes)} minutes`, {
    exitCode: ExitCode.usage,
    reason: "its intervals restart with each hour and each day",
    hint: `--every takes ${CRON_MINUTES.join(", ")} with cron; --with systemd takes any`,
  });
}

function filled(name: (typeof UNITS)[number], { argv, minutes }: ReaperJob): string {
  const template = fileURLToPath(new URL(`../../templates/reaper/${name}`, import.meta.url));
  return readFileSync(template, "utf8")
    .replaceAll("@MINUTES@", () => String(minutes))
    .replaceAll("@COMMAND@", () => argv.map(forSystemd).join(" "));
}

/** systemd.syntax(7): quotes and backslashes; specifiers and variables doubled. */
function forSystemd(word: string): string {
  const escaped = word.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@+=:,./-]+$/.test(word) ? word : `"${escaped}"`;
}

interface Answer {
  readonly found: boolean;
  readonly ok: boolean;
  readonly text: string;
  readonly complaint: string;
}

async function ask(
  env: NodeJS.ProcessEnv,
  program: string,
  args: readonly string[],
  input = "",
): Promise<Answer> {
  const done = await execa(program, args, {
    // Error messages are parsed.
    env: { ...env, LC_ALL: "C" },
    extendEnv: false,
    // Preserves bytes that are not valid UTF-8.
    encoding: "latin1",
    stripFinalNewline: false,
    input: Buffer.from(input, "latin1"),
    reject: false,
    timeout: 20_000,
  });
  return {
    found: done.code !== "ENOENT",
    ok: !done.failed,
    text: done.stdout,
    complaint: done.stderr,
  };
}

function demand(
  { ok, complaint }: Answer,
  message: string,
  hint = "maider-sweep guard install --dry-run shows what to put where by hand",
): void {
  if (ok) return;
  throw new SweepError(message, {
    exitCode: ExitCode.provider,
    reason: complaint.trim().split("\n")[0] || "no reason given",
    hint,
  });
}
