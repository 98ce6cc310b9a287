import { CloudError } from "./cloud.ts";
import { createLinodeConnection, type LinodeConnectionOptions } from "./linode-connection.ts";
import { epochMs, parsePage, recordOf } from "./parse.ts";

/** The API shows so much of a token, once it is made. */
const SHOWN_CHARACTERS = 16;

/**
 * When the token ends, milliseconds since the epoch: `null` = never, `undefined` = the token may not read it, or was
 * made by an application. @throws CloudError
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
    const shown = options.token.slice(0, SHOWN_CHARACTERS);
    const ends = rows
      .filter(({ token }) => token === shown)
      .map(({ expiry }) => (expiry === null ? Infinity : epochMs(expiry)))
      .filter((ms) => ms > 0);
    if (ends.length === 0) return undefined;
    const first = Math.min(...ends);
    return first === Infinity ? null : first;
  } catch (error) {
    const unreadable: readonly string[] = ["scope", "forbidden", "not_found"];
    if (error instanceof CloudError && unreadable.includes(error.kind)) return undefined;
    throw error;
  }
}
