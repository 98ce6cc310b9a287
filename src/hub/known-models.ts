import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KnownModel } from "../plan/facts-from-hub.ts";
import { factsSchema } from "../plan/plan-schema.ts";
import { writeFileAtomically } from "../support/safe-file.ts";
import { makeFolder } from "../support/make-folder.ts";
import type { Terminal } from "../cli/command.ts";
import { stateDir } from "../run/paths.ts";
import { askHub } from "./hub-client.ts";
import { hubAccess } from "./hub-access.ts";

const FRESH_MS = 7 * 86_400_000;

/**
 * What the Hub knows of models that the catalogue lacks; what it told is kept in the state folder, so that a resume,
 * or a plane, needs no network. For a cloud on this machine nothing leaves it: then only what is kept is known, and what
 * a Hub on loopback tells. @returns for each model its facts, or why there are none
 */
export async function knownModels(
  ids: readonly string[],
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<ReadonlyMap<string, KnownModel | string>> {
  const known = new Map<string, KnownModel | string>();
  if (ids.length === 0) return known;
  const { env } = terminal;
  const folder = join(stateDir(options, env), "models");
  const { endpoint, mayAsk, token } = hubAccess(options, env);
  const nobodyAsked =
    options["simulate"] === undefined
      ? "nobody is asked about it, for the API of --api-url is on this machine: run `estimate` once without --api-url"
      : "a simulation asks nobody about it: run `estimate` once without --simulate";
  for (const id of ids) {
    const kept = readCachedQuery(folder, id);
    if (kept !== undefined && (!mayAsk || Date.now() - kept.askedMs < FRESH_MS)) {
      known.set(id, kept.model);
      continue;
    }
    if (!mayAsk) {
      known.set(id, nobodyAsked);
      continue;
    }
    const told = await askHub(id, {
      endpoint,
      token: await token(),
      fetch,
      signal: terminal.signals.stop,
    });
    if (typeof told !== "string") await keep(folder, id, told);
    known.set(id, typeof told === "string" ? (kept?.model ?? told) : told);
  }
  return known;
}

interface Kept {
  readonly askedMs: number;
  readonly model: KnownModel;
}

function readCachedQuery(folder: string, id: string): Kept | undefined {
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

async function keep(folder: string, id: string, { facts, revision }: KnownModel): Promise<void> {
  try {
    makeFolder(folder, 0o700);
    const kept = { id, asked: new Date().toISOString(), revision, facts };
    await writeFileAtomically(fileOf(folder, id), `${JSON.stringify(kept, undefined, 2)}\n`);
  } catch {
    // It is asked for again the next time.
  }
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id.replaceAll("/", "--")}.json`);
}
