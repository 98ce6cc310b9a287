/** Nobody listens where a simulated cloud was, or another one does. It is on this machine: no network lies. */
export async function isWorldGone(apiUrl: string, world: string): Promise<boolean> {
  try {
    const reply = await fetch(new URL("/simulator/world", apiUrl), {
      signal: AbortSignal.timeout(5_000),
    });
    return reply.ok && ((await reply.json()) as { readonly world?: string }).world !== world;
  } catch (error) {
    const cause = (error as { readonly cause?: { readonly code?: string } }).cause;
    return cause?.code === "ECONNREFUSED";
  }
}
