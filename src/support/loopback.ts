/** Whether a URL is an HTTP(S) address on the loopback interface. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, protocol } = new URL(url);
  const isLocal =
    hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
  return isLocal && /^https?:$/.test(protocol);
}
