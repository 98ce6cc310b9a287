import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readHubToken, readToken, runLocalProgram } from "../../../src/run/cloud-access/token.ts";
import { SweepError } from "../../../src/support/errors.ts";

const never = () => Promise.reject(new Error("no program should run"));
const complaint = async (promise: Promise<unknown>): Promise<SweepError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SweepError);
  expect(error).toMatchObject({ exitCode: 4 });
  return error as SweepError;
};
async function fileWith(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "mds-token-")), "token");
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

describe("the Linode token", () => {
  it.each([
    [{ LINODE_TOKEN: " abc \n" }, "abc"],
    [{ LINODE_CLI_TOKEN: "def" }, "def"],
    [{ LINODE_TOKEN: "abc", LINODE_CLI_TOKEN: "def" }, "abc"],
    [{ LINODE_TOKEN: "", LINODE_CLI_TOKEN: "def" }, "def"],
  ])("of %j is %s, and leaves the environment", async (given, expected) => {
    const env: Record<string, string | undefined> = { ...given, PATH: "/bin" };
    expect(await readToken({ env, run: never })).toBe(expected);
    expect(env).toEqual({ PATH: "/bin" });
  });

  it("of a file comes before the environment, which is emptied all the same", async () => {
    const env = { LINODE_TOKEN: "abc" };
    const tokenFile = await fileWith("from-file\n");
    expect(await readToken({ env, tokenFile, run: never })).toBe("from-file");
    expect(env).toEqual({});
  });

  it.each([
    ["the environment", { LINODE_TOKEN: "op://vault/linode/token" }, undefined],
    ["a file", {}, "op://vault/linode/token\n"],
  ])("may be a reference in %s, read without a shell", async (_, env, text) => {
    const calls: unknown[] = [];
    const run = (file: string, args: readonly string[]) => {
      calls.push([file, args]);
      return Promise.resolve("secret\n");
    };
    const tokenFile = text === undefined ? undefined : await fileWith(text);
    expect(await readToken({ env, tokenFile, run })).toBe("secret");
    expect(calls).toEqual([["op", ["read", "op://vault/linode/token"]]]);
  });

  it("that is nowhere is missed with advice", async () => {
    const error = await complaint(readToken({ env: {}, run: never }));
    expect(error.message).toBe("There is no Linode token.");
    expect(error.hint).toContain("LINODE_TOKEN");
    expect(error.hint).toContain("--token-file");
  });

  it("in a file that is not there names the file", async () => {
    const error = await complaint(readToken({ env: {}, tokenFile: "/no/such", run: never }));
    expect(error.reason).toBe("/no/such: ENOENT.");
  });

  it.each(["two words", "two\nlines", "ünicode"])("%j is none, and is not shown", async (text) => {
    const error = await complaint(readToken({ env: { LINODE_TOKEN: text }, run: never }));
    expect(`${error.message} ${error.reason ?? ""} ${error.hint ?? ""}`).not.toContain(text);
  });
  it("in an empty file is none", async () => {
    const tokenFile = await fileWith("\n");
    expect((await complaint(readToken({ env: {}, tokenFile, run: never }))).reason).toContain(
      "empty",
    );
  });

  it("whose reference fails shows why, but nothing that the program printed", async () => {
    const run = () => Promise.reject(new Error("Command failed: op read\n\nhalf-a-secret"));
    const error = await complaint(readToken({ env: { LINODE_TOKEN: "op://a/b/c" }, run }));
    expect(error.reason).toBe("Command failed: op read");
  });
});

it("a program that is not installed is an error, not a crash", async () => {
  await expect(runLocalProgram("no-such-program-of-ours", [])).rejects.toThrow(/ENOENT/);
  expect(await runLocalProgram(process.execPath, ["-p", "process.argv[1]", "$(id)"])).toBe("$(id)");
});

describe("the Hugging Face token", () => {
  it("is optional", async () => {
    expect(await readHubToken({ env: {}, run: never })).toBeUndefined();
  });
  it("leaves the environment, and may be a reference", async () => {
    const env: Record<string, string | undefined> = { HF_TOKEN: "op://a/b/c" };
    expect(await readHubToken({ env, run: () => Promise.resolve("hf_x") })).toBe("hf_x");
    expect(env).toEqual({});
  });
  it("can be read again: the Hub is asked with it before a VM gets it", async () => {
    const env: Record<string, string | undefined> = { HF_TOKEN: "hf_x" };
    await readHubToken({ env, run: never });
    expect(await readHubToken({ env, run: never })).toBe("hf_x");
  });
});
