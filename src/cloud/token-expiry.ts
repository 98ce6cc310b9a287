import { CloudError } from "./cloud.ts";
import { createLinodeConnection, type LinodeConnectionOptions } from "./linode-connection.ts";
import { epochMs, parsePage, recordOf } from "./parse.ts";

/** The API lists tokens by their first 16 characters only. */
const PREFIX_LENGTH = 16;

/**
 * Reads when the token expires, in milliseconds since the epoch.
 * @returns null if it never expires, undefined if the token cannot read it or was created by an application
 * @throws CloudError
 */
export async function readTokenExpiry(
  options: LinodeConnectionOptions & { readonly token: string },
  signal: AbortSignal,
): Promise<number | null | undefined> {
  const connection = createLinodeConnection(options);
  try {
    const { rows } = await connection.read(
      async (sdk) =>
        parsePage(await sdk.getPersonalAccessTokens({ page_size: 500 }), (row) =>
          recordOf(row, "a token"),
        ),
      signal,
    );
    const prefix = options.token.slice(0, PREFIX_LENGTH);
    const expiries = rows
      .filter(({ token }) => token === prefix)
      .map(({ expiry }) => (expiry === null ? Infinity : epochMs(expiry)))
      .filter((ms) => ms > 0);
    if (expiries.length === 0) return undefined;
    const earliest = Math.min(...expiries);
    return earliest === Infinity ? null : earliest;
  } catch (error) {
    const unreadable: readonly string[] = ["scope", "forbidden", "not_found"];
    if (error instanceof CloudError && unreadable.includes(error.kind)) return undefined;
    throw error;
  }
}
