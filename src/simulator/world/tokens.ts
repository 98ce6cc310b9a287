/** A personal access token of this world. */
export interface Token {
  readonly token: string;
  /** Space-separated; `*` = all. */
  readonly scopes: string;
  readonly expiryMs: number | undefined;
  readonly revoked: boolean;
  readonly account: string;
}

/** Another token, or a change of one: what is missing stays as it was. */
export interface TokenChange {
  readonly token: string;
  readonly scopes?: string | undefined;
  readonly expiryMs?: number | undefined;
  readonly revoked?: boolean | undefined;
  readonly account?: string | undefined;
}

export interface TokenBook {
  put(change: TokenChange): Token;
  /** The token while it is valid. */
  valid(token: string, nowMs: number): Token | undefined;
  /** Of an account, without the revoked ones. */
  of(account: string): readonly Token[];
}

export const MAIN_ACCOUNT = "simulated";
export const OTHER_ACCOUNT = "somebody-else";

export function createTokenBook(firstToken: string): TokenBook {
  const tokens = new Map<string, Token>();
  const put = (change: TokenChange): Token => {
    const former = tokens.get(change.token);
    const token: Token = {
      token: change.token,
      scopes: change.scopes ?? former?.scopes ?? "*",
      // Undefined removes an expiry; a missing key leaves it as it was.
      expiryMs: "expiryMs" in change ? change.expiryMs : former?.expiryMs,
      revoked: change.revoked ?? former?.revoked ?? false,
      account: change.account ?? former?.account ?? MAIN_ACCOUNT,
    };
    tokens.set(token.token, token);
    return token;
  };
  put({ token: firstToken });
  return {
    put,
    valid(text, nowMs) {
      const token = tokens.get(text);
      if (token === undefined || token.revoked) return undefined;
      return token.expiryMs !== undefined && token.expiryMs <= nowMs ? undefined : token;
    },
    of: (account) => [...tokens.values()].filter((one) => one.account === account && !one.revoked),
  };
}

/** Whether `scopes` include `needed`, as in `linodes:read_only`. */
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
