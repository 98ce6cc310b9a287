import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PlanOverrides } from "../../plan/apply-overrides.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
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

/**
 * Reads the settings of a run; the defaults if it has no such file.
 * @throws SweepError exit 2 if the file cannot be read, because a resume without `--only`, for example, could run more
 *   than the user wanted
 */
export async function readSettings(folder: string): Promise<RunSettings> {
  const file = join(folder, FILE);
  try {
    const { options, streamInterval } = JSON.parse(await readFile(file, "utf8")) as StoredSettings;
    const { skipFresh = false, ...overrides } = options;
    return { overrides, skipFresh, streamInterval };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return { overrides: {}, skipFresh: false, streamInterval: undefined };
    throw new SweepError(`the settings of the run in ${file} cannot be read`, {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "run the plan again with --skip-fresh: it leaves out configurations with fresh results",
    });
  }
}
