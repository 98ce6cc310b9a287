import { createInterface, type Interface } from "node:readline";
import { execa } from "execa";
import type { LinearTime } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";

/** The first line that the guard reads. It has the token, which is therefore in no argument and no environment. */
export interface GuardOrder {
  readonly stateDir: string;
  readonly run: string;
  /** The parent's generation. */
  readonly gen: number;
  readonly token: string;
  readonly apiUrl: string;
  /** How long a guard whose parent has died waits for a resume, in milliseconds of the run's clock. */
  readonly holdMs: number;
  readonly time: LinearTime;
  readonly ceilings: number;
  /** Of a simulated cloud. */
  readonly world: string | null;
  /** Where a dead-man service listens. */
  readonly heartbeat?: string | undefined;
  /** A parent that has been silent for so long, in real milliseconds, hangs. */
  readonly stallMs: number;
}

export interface StartGuard extends Omit<GuardOrder, "stallMs"> {
  /** The file that Node runs as the guard. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stallMs?: number | undefined;
}

/** A guard that has said that it watches. */
export interface Guard {
  readonly pid: number;
  alive(): boolean;
  /** Called once when it has ended, also when it had before. */
  onExit(listener: () => void): void;
  /** All is settled: it looks for itself and ends, or stays for what is held. Resolves once it has decided. */
  release(): Promise<void>;
}

const STALL_MS = 60_000;
const BEATS_IN_A_STALL = 12;
const ANSWER_MS = 20_000;
/** What a local program needs, and what the way to the API needs; never a secret, never a crash hook. */
const PASSED_ON = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "TZ",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/**
 * Starts the guard as a process of its own, out of reach of the terminal and of signals to our group, and waits until
 * it watches. It holds one end of a pipe; ours closes with us, however we end. @throws SweepError exit 4
 */
export async function startGuard(options: StartGuard): Promise<Guard> {
  const { program, env, stallMs = STALL_MS, ...order } = options;
  const child = execa(process.execPath, [program], {
    detached: true,
    // It must outlive us.
    cleanup: false,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    buffer: false,
    reject: false,
    extendEnv: false,
    cwd: "/",
    env: Object.fromEntries(
      PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
    ),
  });
  const listeners: (() => void)[] = [];
  let ended = false;
  const beat = setInterval(() => child.stdin.write("beat\n"), stallMs / BEATS_IN_A_STALL).unref();
  const exit = (async (): Promise<void> => {
    await child;
    ended = true;
    clearInterval(beat);
    for (const listener of listeners) listener();
  })();
  // A guard that has died makes our writes fail; `alive` reports it.
  child.stdin.on("error", () => undefined);

  const lines = createInterface({ input: child.stdout });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(0, 2_000);
  });
  child.stdin.write(`${JSON.stringify({ ...order, stallMs } satisfies GuardOrder)}\n`);
  const ready = await says("ready", lines, exit);
  if (!ready || child.pid === undefined) {
    child.kill("SIGKILL");
    throw new SweepError("the guard did not start", {
      exitCode: ExitCode.provider,
      reason:
        complaint
          .trim()
          .split("\n")
          .findLast((line) => line.includes("Error")) ?? "it said nothing",
      hint: "without it nothing is created; check that this machine can start another Node process",
    });
  }
  const { pid } = child;
  child.nodeChildProcess.unref();
  // Sockets all three, whatever their types say: they must not keep us running.
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as { readonly unref?: () => void }).unref?.();
  }
  return {
    pid,
    alive: () => !ended,
    onExit: (listener) => {
      if (ended) listener();
      else listeners.push(listener);
    },
    release: async () => {
      if (ended) return;
      child.stdin.write("release\n");
      await says("watching", lines, exit);
    },
  };
}

/** True when it says the word, false when it ends or is silent for too long; the wait keeps this process running. */
async function says(word: string, lines: Interface, exit: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      new Promise<true>((resolve) => {
        lines.on("line", (line) => {
          if (line === word) resolve(true);
        });
      }),
      exit.then(() => false),
      new Promise<false>((resolve) => {
        timer = setTimeout(() => {
          resolve(false);
        }, ANSWER_MS);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
