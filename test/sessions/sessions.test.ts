import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findSession, listSessions, sessionFolders } from "../../src/sessions/find-session.ts";
import { ENV_FILE, formatSession, STATE_FILE } from "../../src/sessions/session-files.ts";

let home: string;
let work: string;
const folders = () => sessionFolders({ HOME: home }, join(home, "state"));
const folderOf = (name: string) => join(folders().real, name);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mds-sessions-"));
  work = join(home, "work");
  mkdirSync(work);
  cpSync("fixtures/session", folderOf("coder-1"), { recursive: true });
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

describe("the Python tool's sessions", () => {
  test("are read from their two files", () => {
    expect(findSession("coder-1", folders(), work)).toEqual({
      name: "coder-1",
      instanceId: "12345",
      ip: "203.0.113.7",
      type: "g1-gpu-rtx6000-1",
      hourlyCost: 1.5,
      startTime: 1_795_500_000.25,
      modelId: "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ",
      servedModelName: "coder",
      provider: "linode",
      apiBase: "http://localhost:3000/v1",
      apiKey: "sk-dummy",
      rental: undefined,
      folder: folderOf("coder-1"),
      simulated: false,
    });
  });

  test("are written with the same values as they were read", () => {
    const session = findSession("coder-1", folders(), work);
    const texts = formatSession(session);
    const original = JSON.parse(JSON.stringify(session)) as object;
    mkdirSync(folderOf("copy"));
    writeFileSync(join(folderOf("copy"), STATE_FILE), texts[STATE_FILE]);
    writeFileSync(join(folderOf("copy"), ENV_FILE), texts[ENV_FILE] ?? "");
    expect(findSession("copy", folders(), work)).toMatchObject({
      ...original,
      name: "copy",
      folder: folderOf("copy"),
    });
    expect(texts[ENV_FILE]).toContain('export HOURLY_COST="$1.5"\n');
  });

  test("of an older version, with linode_id and without a provider, can be read", () => {
    writeFileSync(
      join(folderOf("coder-1"), STATE_FILE),
      JSON.stringify({
        name: "coder-1",
        linode_id: 777,
        ip: "203.0.113.7",
        type: "g1-gpu-rtx6000-1",
        hourly_cost: 1.5,
        start_time: 1,
        model_id: "m",
        served_model_name: "coder",
      }),
    );
    expect(findSession("coder-1", folders(), work)).toMatchObject({
      instanceId: "777",
      provider: "linode",
    });
  });
});

test("a command in a model's name is not run by a shell that sources aider-env", () => {
  const session = findSession("coder-1", folders(), work);
  const name = "coder$(echo run)`echo run`$HOME";
  const env = formatSession({ ...session, servedModelName: name })[ENV_FILE] ?? "";
  const script = `${env}printf %s "$AIDER_MODEL"`;
  expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(
    "openai/coder$(echo run)echo run$HOME",
  );
});

describe("the current session", () => {
  test("is the one that the link .aider-env points into", () => {
    symlinkSync(join(folderOf("coder-1"), ENV_FILE), join(work, ".aider-env"));
    expect(findSession(undefined, folders(), work).name).toBe("coder-1");
  });

  test("is not read from a regular file named .aider-env", () => {
    cpSync(join(folderOf("coder-1"), ENV_FILE), join(work, ".aider-env"));
    expect(() => findSession(undefined, folders(), work)).toThrow("No current session set");
  });
});

describe("a session that does not exist", () => {
  test.each(["unknown", "..", "../cli/coder-1", ""])("is reported by its name: %j", (name) => {
    expect(() => findSession(name, folders(), work)).toThrow(`Session '${name}' not found`);
  });

  test("is reported with both folders that were searched", () => {
    expect(() => findSession("unknown", folders(), work)).toThrow(
      expect.objectContaining({
        reason: expect.stringMatching(
          `${folders().real} nor ${folders().simulated} has a folder`,
        ) as string,
        hint: expect.stringMatching(/available sessions: coder-1$/) as string,
      }),
    );
  });

  test("includes one whose state.json is invalid", () => {
    writeFileSync(join(folderOf("coder-1"), STATE_FILE), '{"name":');
    expect(() => findSession("coder-1", folders(), work)).toThrow("not found");
    expect(listSessions(folders())).toEqual([]);
  });
});

test("a session of our own rental names its journal, and a simulated session is marked as simulated", () => {
  const rental = {
    stateDir: join(home, "state"),
    run: "abcd1234",
    label: "mds-abcd1234-001-xxxx-x1",
  };
  const texts = formatSession({ ...findSession("coder-1", folders(), work), rental });
  const folder = join(folders().simulated, "mine");
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  expect(findSession("mine", folders(), work)).toMatchObject({ rental, simulated: true });
  expect(listSessions(folders()).map(({ name }) => name)).toEqual(["coder-1", "mine"]);
});
