import { sessionFolders, sessionOfRun } from "./find-session.ts";
import { heldVms, type HeldVm } from "./held-vms.ts";
import { acceptsConnections } from "./start-tunnel.ts";

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
): Promise<readonly ListedVm[]> {
  const folders = sessionFolders(env, stateDir);
  return Promise.all(
    (await heldVms(stateDir)).map(async (vm) => {
      const session = sessionOfRun(vm.run, folders);
      const apiBase = URL.canParse(session?.apiBase ?? "") ? session?.apiBase : undefined;
      const port = apiBase === undefined ? undefined : Number(new URL(apiBase).port);
      return {
        ...vm,
        apiBase,
        tunnelAnswers: port !== undefined && (await acceptsConnections(port)),
      };
    }),
  );
}
