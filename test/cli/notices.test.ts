import { mkdirSync } from "node:fs";
import { expect, it } from "vitest";
import { runFolder } from "../../src/journal/state-folder.ts";
import { newStateDir, opened, openIn, reserved, RUN, vmLabel } from "../journal/journal-rig.ts";
import { speak } from "./fake-terminal.ts";

async function stateWith(...more: Parameters<Awaited<ReturnType<typeof openIn>>["append"]>[0][]) {
  const stateDir = newStateDir();
  const folder = runFolder(stateDir, RUN);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const journal = await openIn(folder);
  for (const fact of [opened, reserved(vmLabel(1)), ...more]) await journal.append(fact);
  await journal.close();
  return { MAIDER_SWEEP_STATE: stateDir, MAIDER_SWEEP_DB: `${stateDir}/db.json` };
}

const VERBS = [
  ["status"],
  ["status", "--json"],
  ["benchmark-compare"],
  ["benchmark-status"],
  ["logs", RUN],
  ["db", "check"],
];

it.each(VERBS)("%s %s says in one line where something may still be billed", async (...verb) => {
  const env = await stateWith({ type: "create.sent", label: vmLabel(1) });
  const { stderr } = await speak(verb, env);
  const lines = stderr.split("\n").filter((line) => line.includes("billed"));
  expect(lines).toEqual([
    `warning: 1 run without an end (${RUN}) may still be billed; maider-sweep recover destroys what is left`,
  ]);
});

it("is silent where nothing was created", async () => {
  const { stderr } = await speak(["status"], await stateWith());
  expect(stderr).toBe("");
});
