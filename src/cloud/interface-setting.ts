import { CloudError, REFUSED_KINDS } from "./cloud.ts";
import { createLinodeConnection, type LinodeConnectionOptions } from "./linode-connection.ts";
import { recordOf } from "./parse.ts";

/**
 * Whether the account lets VMs have the legacy interfaces that ours are created with; `undefined` where the token may
 * not read the account's settings. @throws CloudError
 */
export async function allowsLegacyInterfaces(
  options: LinodeConnectionOptions & { readonly token: string },
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const connection = createLinodeConnection(options);
  try {
    const settings = await connection.read(
      async (sdk) => recordOf(await sdk.getAccountSettings(), "account settings"),
      signal,
    );
    return settings["interfaces_for_new_linodes"] !== "linode_only";
  } catch (error) {
    if (error instanceof CloudError && REFUSED_KINDS.has(error.kind)) return undefined;
    throw error;
  }
}
