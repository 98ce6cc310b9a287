import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PlanOverrides } from "../../plan/apply-overrides.ts";
import { writeFileAtomically } from "../../support/safe-file.ts";

const FILE = "settings.json";

/** The settings of a run in addition to its plan, which a resume reuses. */
export interface RunSettings {
  /** The cap is in the journal instead. */
  readonly overrides: Omit<PlanOverrides, "maxCost">;
  readonly skipFresh: boolean;
  /** vLLM's `--stream-interval`, tokens per event; undefined means one. */
  readonly streamInterval: number | undefined;
}

/** The contents of the file; its format is that of version 0.1. */
interface StoredSettings {
  readonly options: Omit<PlanOverrides, "maxCost"> & { readonly skipFresh?: boolean | undefined };
  readonly streamInterval?: number | undefined;
}

export async function saveSettings(folder: string, settings: RunSettings): Promise<void> {
  const { concurrency, maxHours, only, passes, sshCidr } = settings.overrides;
  const stored: StoredSettings = {
    options: {
      only,
      concurrency,
      passes,
      maxHours,
      skipFresh: settings.skipFresh || undefined,
      sshCidr,
    },
    streamInterval: settings.streamInterval,
  };
  await writeFileAtomically(join(folder, FILE), `${JSON.stringify(stored)}\n`);
}

/** Nothing was asked over the plan of a run that has no such file. */
export async function readSettings(folder: string): Promise<RunSettings> {
  try {
    const { options, streamInterval } = JSON.parse(
      await readFile(join(folder, FILE), "utf8"),
    ) as StoredSettings;
    const { skipFresh = false, ...overrides } = options;
    return { overrides, skipFresh, streamInterval };
  } catch {
    return { overrides: {}, skipFresh: false, streamInterval: undefined };
  }
}
