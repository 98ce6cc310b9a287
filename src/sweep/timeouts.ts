/** How long each wait may last, milliseconds; the polls and budgets of Linode's VMs (see docs/architecture.md). */
export const TIMEOUTS = {
  pollMs: 5_000,
  bootMs: 10 * 60_000,
  sshMs: 6 * 60_000,
  setupMs: 30 * 60_000,
  rebootMs: 8 * 60_000,
  /** A lost link is tried again for this long before the rental is given up. */
  reconnectMs: 10 * 60_000,
  /** With no rental running, the sweep gives up on an API that has been down for so long. */
  apiOutageMs: 60 * 60_000,
  apiRetryMs: 30_000,
  serverMs: 60 * 60_000,
  downloadStallMs: 5 * 60_000,
  /** A start whose log says nothing for this long hangs. */
  serverSilentMs: 10 * 60_000,
} as const;

/** A server that failed for a passing cause is started again this often. */
export const SERVER_RETRIES = 2;
