/** Timeouts and polling intervals in milliseconds; docs/architecture.md lists them. */
export const TIMEOUTS = {
  pollMs: 5_000,
  bootMs: 10 * 60_000,
  sshMs: 6 * 60_000,
  setupMs: 30 * 60_000,
  rebootMs: 8 * 60_000,
  /** How long to reconnect to a VM before its rental fails. */
  reconnectMs: 10 * 60_000,
  /** How long to wait for an API that is down, with no rental running. */
  apiOutageMs: 60 * 60_000,
  apiRetryMs: 30_000,
  serverMs: 60 * 60_000,
  downloadStallMs: 5 * 60_000,
  /** How long a server may start without any line in its log. */
  serverSilentMs: 10 * 60_000,
} as const;

/** How many times a failed server is started again. */
export const SERVER_RETRIES = 2;
