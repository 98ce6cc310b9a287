import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KnownModel } from "../plan/facts-from-hub.ts";
import { factsSchema } from "../plan/plan-schema.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import { makeFolder } from "../support/make-folder.ts";
import { fetchModel } from "./hub-client.ts";

const FRESH_MS = 7 * 86_400_000;

export interface HubAccess {
  /** `https://huggingface.co`, or the value of `HF_ENDPOINT`. */
  readonly endpoint: string;
  /** The reason why the Hub must not be contacted, with a remedy; undefined if it may be. */
  readonly offlineReason: string | undefined;
  /** The user's token, if any. @throws SweepError exit 4 if it cannot be read */
  readonly token: () => Promise<string | undefined>;
}

/**
 * Looks up models that are not in the catalogue. The Hub's replies are cached, so that a resume needs no network; if the
 * Hub must not be contacted, only the cache is used.
 * @param cache the folder for the replies
 * @returns for each model its facts, or the reason as text why they are unknown
 */
export async function knownModels(
  ids: readonly string[],
  hub: HubAccess,
  cache: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KnownModel | string>> {
  const known = new Map<string, KnownModel | string>();
  for (const id of ids) {
    const cached = readCached(cache, id);
    if (hub.offlineReason !== undefined) known.set(id, cached?.model ?? hub.offlineReason);
    else if (cached !== undefined && Date.now() - cached.fetchedMs < FRESH_MS)
      known.set(id, cached.model);
    else {
      const { endpoint, token } = hub;
      const fetched = await fetchModel(id, { endpoint, token: await token(), fetch, signal });
      if (typeof fetched !== "string") await writeCached(cache, id, fetched);
      known.set(id, typeof fetched === "string" ? (cached?.model ?? fetched) : fetched);
    }
  }
  return known;
}

interface Cached {
  readonly fetchedMs: number;
  readonly model: KnownModel;
}

function readCached(folder: string, id: string): Cached | undefined {
  try {
    const { asked, revision, facts } = JSON.parse(readFileSync(cacheFile(folder, id), "utf8")) as {
      asked: string;
      revision: string;
      facts: unknown;
    };
    const parsedFacts = factsSchema.parse(facts);
    if (!/^[0-9a-f]{40}$/.test(revision)) return undefined;
    return { fetchedMs: Date.parse(asked), model: { facts: parsedFacts, revision } };
  } catch {
    return undefined;
  }
}

async function writeCached(
  folder: string,
  id: string,
  { facts, revision }: KnownModel,
): Promise<void> {
  try {
    makeFolder(folder, 0o700);
    const entry = { id, asked: new Date().toISOString(), revision, facts };
    await writeFileAtomically(cacheFile(folder, id), `${JSON.stringify(entry, undefined, 2)}\n`);
  } catch {
    // Without the cache, the Hub is asked again next time.
  }
}

function cacheFile(folder: string, id: string): string {
  return join(folder, `${id.replaceAll("/", "--")}.json`);
}
