import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../support/safe-file.ts";

const FILE = "settings.json";
/** What changes a plan; a run that is resumed does what it was told at its beginning. */
const KEPT = ["only", "concurrency", "passes", "maxHours", "skipFresh", "sshCidr"] as const;

/** What the command line said over the plan, and what the speed of the clock made of it. */
export interface RunSettings {
  readonly options: Readonly<Record<string, unknown>>;
  readonly streamInterval: number | undefined;
}

export async function saveSettings(folder: string, settings: RunSettings): Promise<void> {
  const options = Object.fromEntries(
    KEPT.flatMap((name) =>
      settings.options[name] === undefined ? [] : [[name, settings.options[name]]],
    ),
  );
  await writeFileAtomically(join(folder, FILE), `${JSON.stringify({ ...settings, options })}\n`);
}

/** Nothing, for a run that kept none. */
export async function readSettings(folder: string): Promise<RunSettings> {
  try {
    return JSON.parse(await readFile(join(folder, FILE), "utf8")) as RunSettings;
  } catch {
    return { options: {}, streamInterval: undefined };
  }
}
