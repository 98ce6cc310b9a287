import { createConnection } from "node:net";
import { findSession, sessionFolders, type SessionFolders } from "./find-session.ts";
import { heldVms, type HeldVm } from "./held-vms.ts";

const CONNECT_TIMEOUT_MS = 1_000;

/** A VM that is up, with its tunnel. */
export interface ListedVm extends HeldVm {
  /** URL of the tunnel's local end; undefined if the VM has no session. */
  readonly apiBase: string | undefined;
  readonly tunnelAnswers: boolean;
}

/** Lists the VMs that `up` left running, from their journals. Sends no request to a cloud. */
export async function listHeldVms(
  stateDir: string,
  env: NodeJS.ProcessEnv,
  workingDirectory: string,
): Promise<readonly ListedVm[]> {
  const folders = sessionFolders(env, stateDir);
  return Promise.all(
    (await heldVms(stateDir)).map(async (vm) => {
      const apiBase = apiBaseOf(vm, folders, workingDirectory);
      const port = apiBase === undefined ? undefined : Number(new URL(apiBase).port);
      return {
        ...vm,
        apiBase,
        tunnelAnswers: port !== undefined && (await acceptsConnections(port)),
      };
    }),
  );
}

function apiBaseOf(
  { name, run }: HeldVm,
  folders: SessionFolders,
  workingDirectory: string,
): string | undefined {
  try {
    const { rental, apiBase } = findSession(name, folders, workingDirectory);
    return rental?.run === run && URL.canParse(apiBase ?? "") ? apiBase : undefined;
  } catch {
    return undefined;
  }
}

async function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: CONNECT_TIMEOUT_MS });
    const finish = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once("connect", () => {
      finish(true);
    });
    for (const event of ["error", "timeout"] as const) {
      socket.once(event, () => {
        finish(false);
      });
    }
  });
}
