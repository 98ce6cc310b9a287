/** A personal access token of this world. */
export interface Token {
  readonly token: string;
  /** Space-separated; `*` = all. */
  readonly scopes: string;
  readonly expiryMs: number | undefined;
  readonly revoked: boolean;
  readonly account: string;
}

/** A new token, or changes of an existing one; omitted fields keep their value. */
export interface TokenChange {
  readonly token: string;
  readonly scopes?: string | undefined;
  readonly expiryMs?: number | undefined;
  readonly revoked?: boolean | undefined;
  readonly account?: string | undefined;
}

export interface TokenBook {
  put(change: TokenChange): Token;
  /** @returns undefined for an unknown, expired or revoked token */
  findValid(token: string, nowMs: number): Token | undefined;
  /** The account's tokens that are not revoked. */
  listFor(account: string): readonly Token[];
}

export const MAIN_ACCOUNT = "simulated";
export const OTHER_ACCOUNT = "somebody-else";

export function createTokenBook(firstToken: string): TokenBook {
  const tokens = new Map<string, Token>();
  const put = (change: TokenChange): Token => {
    const previous = tokens.get(change.token);
    const token: Token = {
      token: change.token,
      scopes: change.scopes ?? previous?.scopes ?? "*",
      // Undefined removes an expiry; a missing key leaves it as it was.
      expiryMs: "expiryMs" in change ? change.expiryMs : previous?.expiryMs,
      revoked: change.revoked ?? previous?.revoked ?? false,
      account: change.account ?? previous?.account ?? MAIN_ACCOUNT,
    };
    tokens.set(token.token, token);
    return token;
  };
  put({ token: firstToken });
  return {
    put,
    findValid(text, nowMs) {
      const token = tokens.get(text);
      if (token === undefined || token.revoked) return undefined;
      return token.expiryMs !== undefined && token.expiryMs <= nowMs ? undefined : token;
    },
    listFor: (account) =>
      [...tokens.values()].filter((token) => token.account === account && !token.revoked),
  };
}

/** Whether `scopes` include `needed`, for example `linodes:read_only`. */
export function allows(scopes: string, needed: string): boolean {
  const [area = "", right = ""] = needed.split(":");
  return scopes
    .split(/[\s,]+/)
    .some(
      (scope) =>
        scope === "*" ||
        scope === needed ||
        scope === `${area}:read_write` ||
        (scope === `${area}:*` && right !== ""),
    );
}
