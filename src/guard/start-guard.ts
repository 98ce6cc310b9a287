import { createInterface, type Interface } from "node:readline";
import { execa } from "execa";
import type { LinearTime } from "../support/clock.ts";
import { ExitCode, SweepError } from "../support/errors.ts";

/** The first line of the guard's input. It includes the token, so that no argument or environment variable has to. */
export interface GuardOrder {
  readonly stateDir: string;
  readonly run: string;
  /** The parent's generation. */
  readonly gen: number;
  readonly token: string;
  readonly apiUrl: string;
  /** How long the guard waits for a resume after its parent has crashed, in milliseconds of the run's clock. */
  readonly holdMs: number;
  readonly time: LinearTime;
  readonly ceilings: number;
  /** The id of the simulated world; null for a real cloud. */
  readonly world: string | null;
  /** The address of a dead-man service. */
  readonly heartbeat?: string | undefined;
  /** After this many real milliseconds without a message, the parent is considered hung. */
  readonly stallMs: number;
}

export interface StartGuard extends Omit<GuardOrder, "stallMs"> {
  /** The guard's program. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stallMs?: number | undefined;
}

/** A running guard. */
export interface Guard {
  readonly pid: number;
  alive(): boolean;
  /** Calls `listener` when the guard ends, or at once if it has already ended. */
  onExit(listener: () => void): void;
  /** Tells the guard that the run has ended. It checks the journal and exits, or continues if a VM is held. */
  release(): Promise<void>;
}

const STALL_MS = 60_000;
const BEATS_IN_A_STALL = 12;
const ANSWER_MS = 20_000;
/** Variables for local programs and for requests to the API; no secrets and no crash hook. */
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
 * Starts the guard in a session of its own, so that a closed terminal or a signal to our process group does not reach it,
 * and waits until it is ready. It notices our end, however it happens, by the end of its input pipe.
 * @throws SweepError exit 4 if it does not start
 */
export async function startGuard(options: StartGuard): Promise<Guard> {
  const { program, env, stallMs = STALL_MS, ...order } = options;
  const child = execa(process.execPath, [program], {
    detached: true,
    // The guard must continue after this process has ended.
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
  // Writes fail after the guard has ended; `alive` reports that.
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
  // The streams are sockets, despite their types, and must not keep this process running.
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

/** @returns whether the guard prints the line, before it ends or `ANSWER_MS` have passed */
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
