/** What became of a server that failed: `during` tells what it did when it died, if it had come up. */
export function serverFailureText(during: string | undefined): string {
  return during === undefined ? "vLLM did not come up" : `vLLM died during ${during}`;
}
