import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSettings, saveSettings } from "../../../src/run/run-folder/saved-settings.ts";
import { newStateDir } from "../../journal/journal-rig.ts";

it("reads the settings that were saved", async () => {
  const folder = newStateDir();
  const settings = {
    overrides: { only: "g2-*", concurrency: 2, passes: 1, maxHours: undefined, sshCidr: undefined },
    skipFresh: true,
    streamInterval: 4,
  };
  await saveSettings(folder, settings);
  expect(await readSettings(folder)).toEqual(settings);
});

it("has defaults for a run without a settings file", async () => {
  expect(await readSettings(newStateDir())).toEqual({
    overrides: {},
    skipFresh: false,
    streamInterval: undefined,
  });
});

it.each(["", '{"options":{"only":"g2', "{}"])("refuses a damaged file: %s", async (text) => {
  const folder = newStateDir();
  writeFileSync(join(folder, "settings.json"), text);
  await expect(readSettings(folder)).rejects.toMatchObject({ exitCode: 2 });
});
