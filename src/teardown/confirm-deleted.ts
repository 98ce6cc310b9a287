import type { Cloud } from "../cloud/cloud.ts";
import { CloudError } from "../cloud/cloud.ts";
import type { Clock } from "../support/clock.ts";

const LOOKS = 3;
const BETWEEN_LOOKS_MS = 20_000;

/**
 * Has the API stopped knowing a VM that it has known? A single 404 says little: three looks have to agree, over 40 s.
 * An API that does not answer says nothing. @throws the signal's reason
 */
export async function isVmDeleted(
  vmId: number,
  { cloud, clock }: { readonly cloud: Pick<Cloud, "getVm">; readonly clock: Clock },
  signal: AbortSignal,
): Promise<boolean> {
  for (let look = 1; look <= LOOKS; look += 1) {
    if (look > 1) await clock.sleep(BETWEEN_LOOKS_MS, signal);
    try {
      if ((await cloud.getVm(vmId, signal)) !== undefined) return false;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      return false;
    }
  }
  return true;
}
