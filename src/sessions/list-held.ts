import { createConnection } from "node:net";
import { findSession, sessionPlaces, type SessionPlaces } from "./find-session.ts";
import { heldVms, type HeldVm } from "./held-vms.ts";

const ANSWER_WITHIN_MS = 1_000;

/** A VM that is up, with its tunnel. */
export interface ListedVm extends HeldVm {
  /** Of the local end of the tunnel; undefined when the VM has no session. */
  readonly apiBase: string | undefined;
  readonly tunnelAnswers: boolean;
}

/** The VMs that `up` left running, from their journals; no cloud is asked. */
export async function listHeldVms(
  stateDir: string,
  env: NodeJS.ProcessEnv,
  workingDirectory: string,
): Promise<readonly ListedVm[]> {
  const places = sessionPlaces(env, stateDir);
  return Promise.all(
    (await heldVms(stateDir)).map(async (vm) => {
      const apiBase = apiBaseOf(vm, places, workingDirectory);
      const port = apiBase === undefined ? undefined : Number(new URL(apiBase).port);
      return { ...vm, apiBase, tunnelAnswers: port !== undefined && (await answers(port)) };
    }),
  );
}

function apiBaseOf(
  { name, run }: HeldVm,
  places: SessionPlaces,
  workingDirectory: string,
): string | undefined {
  try {
    const { rental, apiBase } = findSession(name, places, workingDirectory);
    return rental?.run === run && URL.canParse(apiBase ?? "") ? apiBase : undefined;
  } catch {
    return undefined;
  }
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: ANSWER_WITHIN_MS });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => {
      end(true);
    });
    for (const event of ["error", "timeout"] as const) {
      socket.once(event, () => {
        end(false);
      });
    }
  });
}
