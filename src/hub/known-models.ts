import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KnownModel } from "../plan/facts-from-hub.ts";
import { factsSchema } from "../plan/plan-schema.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import { makeFolder } from "../support/make-folder.ts";
import { askHub } from "./hub-client.ts";

const FRESH_MS = 7 * 86_400_000;

export interface HubAccess {
  /** `https://huggingface.co`, or `HF_ENDPOINT`. */
  readonly endpoint: string;
  /** Why the Hub may not be asked, with a remedy; undefined when it may. */
  readonly offlineReason: string | undefined;
  /** The user's token, if there is one. @throws SweepError exit 4 when it cannot be read */
  readonly token: () => Promise<string | undefined>;
}

/**
 * What the Hub knows of models that the catalogue lacks. Answers are cached, so that a resume needs no network; where
 * the Hub may not be asked, only the cache counts.
 * @param cache the folder for the answers. @returns for each model its facts, or why there are none
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
    else if (cached !== undefined && Date.now() - cached.askedMs < FRESH_MS)
      known.set(id, cached.model);
    else {
      const { endpoint, token } = hub;
      const answer = await askHub(id, { endpoint, token: await token(), fetch, signal });
      if (typeof answer !== "string") await writeCached(cache, id, answer);
      known.set(id, typeof answer === "string" ? (cached?.model ?? answer) : answer);
    }
  }
  return known;
}

interface Cached {
  readonly askedMs: number;
  readonly model: KnownModel;
}

function readCached(folder: string, id: string): Cached | undefined {
  try {
    const { asked, revision, facts } = JSON.parse(readFileSync(fileOf(folder, id), "utf8")) as {
      asked: string;
      revision: string;
      facts: unknown;
    };
    const read = factsSchema.parse(facts);
    if (!/^[0-9a-f]{40}$/.test(revision)) return undefined;
    return { askedMs: Date.parse(asked), model: { facts: read, revision } };
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
    await writeFileAtomically(fileOf(folder, id), `${JSON.stringify(entry, undefined, 2)}\n`);
  } catch {
    // The Hub is asked again the next time.
  }
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id.replaceAll("/", "--")}.json`);
}
