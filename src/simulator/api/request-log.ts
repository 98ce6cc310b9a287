import { isoUtc } from "../../support/clock.ts";

/** A request to the API, without headers. It has the full body, so that tests can search it for secrets. */
export interface LoggedRequest {
  readonly at: string;
  readonly method: string;
  /** Without the API's version and the query. */
  readonly path: string;
  readonly query: string;
  readonly body: string;
  /** 0 until it is answered. */
  status: number;
}

export interface RequestLog {
  begin(nowMs: number, request: Omit<LoggedRequest, "at" | "status">): LoggedRequest;
  all(): readonly LoggedRequest[];
}

export function createRequestLog(): RequestLog {
  const requests: LoggedRequest[] = [];
  return {
    begin(nowMs, request) {
      const entry: LoggedRequest = { at: isoUtc(nowMs), ...request, status: 0 };
      requests.push(entry);
      return entry;
    },
    all: () => requests,
  };
}
