import { execa } from "execa";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExitCode, SweepError } from "../support/errors.ts";
import { writeFileAtomically } from "../support/safe-file.ts";

/** What runs a command again and again on this machine. */
export interface TimerKind {
  readonly name: "systemd" | "cron";
  /** Could it be used here? */
  available(): Promise<boolean>;
  installed(): Promise<boolean>;
  /** What `install` would write, by where it goes. */
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
  return {
    name: "systemd",
    available: async () => (await systemctl("show-environment")).ok,
    installed: () => Promise.resolve(UNITS.every((name) => existsSync(join(folder, name)))),
    preview,
    install: async (job) => {
      await mkdir(folder, { recursive: true });
      for (const { where, text } of await preview(job))
        await writeFileAtomically(where, text, { mode: 0o644 });
      demand(await systemctl("daemon-reload"), "systemd does not read its units");
      demand(await systemctl("enable", "--now", UNITS[1]), "systemd does not start the timer");
    },
    uninstall: async () => {
      await systemctl("disable", "--now", UNITS[1]);
      for (const name of UNITS) await rm(join(folder, name), { force: true });
      await systemctl("daemon-reload");
    },
  };
}

function cron(env: NodeJS.ProcessEnv): TimerKind {
  const others = async (): Promise<readonly string[]> => {
    const { text } = await ask(env, "crontab", ["-l"]);
    return text.split("\n").filter((line) => line !== "" && !line.endsWith(MARK));
  };
  const write = async (lines: readonly string[]): Promise<void> => {
    const input = lines.map((line) => `${line}\n`).join("");
    demand(await ask(env, "crontab", ["-"], input), "crontab refuses the entry");
  };
  const lineOf = ({ argv, minutes }: ReaperJob): string =>
    `*/${String(minutes)} * * * * ${argv.map(forShell).join(" ").replaceAll("%", "\\%")} ${MARK}`;
  return {
    name: "cron",
    // An empty table answers with an error of its own, a missing program with none.
    available: async () => (await ask(env, "crontab", ["-l"])).found,
    installed: async () => (await ask(env, "crontab", ["-l"])).text.includes(MARK),
    preview: (job) => Promise.resolve([{ where: "crontab", text: `${lineOf(job)}\n` }]),
    install: async (job) => write([...(await others()), lineOf(job)]),
    uninstall: async () => write(await others()),
  };
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

function forShell(word: string): string {
  return /^[\w@+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
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
    env,
    extendEnv: false,
    input,
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

function demand({ ok, complaint }: Answer, message: string): void {
  if (ok) return;
  throw new SweepError(message, {
    exitCode: ExitCode.provider,
    reason: complaint.trim().split("\n")[0] || "it gave no reason",
    hint: "maider-sweep guard install --dry-run shows what to put where by hand",
  });
}
