import { median } from "../evidence/statistics.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { rootPath } from "../vllm/server-api.ts";

const PROBES = 10;

/** Median time of `/health` on a warm connection, seconds on the run's clock. @throws as the client does. */
export async function measureRtt(
  client: HttpClient,
  basePath: string,
  signal: AbortSignal,
): Promise<number> {
  const path = `${rootPath(basePath)}/health`;
  await client.get(path, signal); // opens the connection
  const seconds: number[] = [];
  for (let probe = 0; probe < PROBES; probe += 1)
    seconds.push((await client.get(path, signal)).seconds);
  return median(seconds);
}
