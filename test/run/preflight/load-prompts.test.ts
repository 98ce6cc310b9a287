import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadPrompts } from "../../../src/run/preflight/load-prompts.ts";
import { SweepError } from "../../../src/support/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "mds-load-prompts-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function reasonOf(name: string, text: string): Promise<string> {
  writeFileSync(join(folder, name), text);
  try {
    await loadPrompts(join(folder, name));
  } catch (error) {
    if (error instanceof SweepError && error.exitCode === 2) return error.reason ?? "";
    throw error;
  }
  return "taken";
}

test.each([
  [
    "an entry of YAML",
    "a.yaml",
    "# mine\n- prompt: a\n\n- name: two\n  prompt: b\n  tokens: 5\n",
    "line 4: prompt 2: unknown key tokens",
  ],
  [
    "an entry of JSON",
    "a.json",
    '[\n  {"prompt": "a"},\n  {"prompt": ""}\n]',
    "line 3: prompt 2: prompt must be a non-empty string",
  ],
  [
    "an entry of JSON lines",
    "a.jsonl",
    '{"prompt":"a"}\n\n{"prompt":"b","category":"poems"}\n',
    "line 3: prompt 2: category must be one of coding, context_heavy, reasoning, custom",
  ],
  [
    "the second of two names",
    "b.yaml",
    "- {name: x, prompt: a}\n- {name: x, prompt: b}\n",
    'line 2: prompt 2: the name "x" is used twice',
  ],
  ["what is no JSON", "b.jsonl", '{"prompt":"a"}\n{"prompt":\n', "line 2: "],
  ["what is no YAML", "c.yaml", "- prompt: a\n- prompt: [b\n", "line 3"],
])("a fault in a file of prompts is told with its line: %s", async (_, name, text, reason) => {
  expect(await reasonOf(name, text)).toContain(reason);
});

test.each([
  ["empty", "e.yaml", "", "expected a list of at least one prompt"],
  ["an object", "o.yaml", "prompt: a\n", "expected a list of at least one prompt"],
])("a file of prompts that is %s is refused", async (_, name, text, reason) => {
  expect(await reasonOf(name, text)).toBe(reason);
});

test("a mark of byte order and Windows line ends are no fault of the prompts", async () => {
  expect(await reasonOf("bom.jsonl", '\uFEFF{"prompt":"a"}\r\n{"prompt":"b"}\r\n')).toBe("taken");
});
