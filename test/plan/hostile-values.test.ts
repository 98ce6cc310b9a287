import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { readPlan } from "../../src/plan/read-plan.ts";

const HOSTILE: readonly string[] = [
  "$(touch canary)",
  "`touch canary`",
  "; touch canary",
  "a && touch canary",
  "a\ntouch canary",
  "a\u0000b",
  "--privileged",
  "-v/:/host",
  "--trust-remote-code",
  "../../etc/passwd",
  "a/../../b",
  "a b",
  "é\u202Eevil",
  "${IFS}id",
  "'; touch canary; '",
  "x".repeat(10_000),
];

/** Every key whose value is sent to the VM or the API, and a plan with it. */
const FIELDS: Readonly<Record<string, (value: unknown) => object>> = {
  image: (value) => ({ engine: { image: value } }),
  ssh_cidr: (value) => ({ ssh_cidr: value }),
  regions: (value) => ({ regions: [value] }),
  gpu: (value) => ({ entries: [{ gpu: value, models: ["Qwen/Qwen3-8B"] }] }),
  region: (value) => entry({ region: value }),
  id: (value) => entry({}, { id: value }),
  revision: (value) => entry({}, { revision: value }),
  max_model_len: (value) => entry({}, { max_model_len: value }),
  gpu_memory_utilization: (value) => entry({}, { gpu_memory_utilization: value }),
  dtype: (value) => entry({}, { dtype: value }),
  quantization: (value) => entry({}, { quantization: value }),
  enforce_eager: (value) => entry({}, { enforce_eager: value }),
  max_num_seqs: (value) => entry({}, { max_num_seqs: value }),
  kv_cache_dtype: (value) => entry({}, { kv_cache_dtype: value }),
};

function entry(more: object, model: object = {}): object {
  return {
    entries: [{ gpu: "g2-gpu-rtx4000a2-s", models: [{ id: "Qwen/Qwen3-8B", ...model }], ...more }],
  };
}

const cases = Object.keys(FIELDS).flatMap((field) =>
  HOSTILE.map((value) => [field, value] as const),
);

test("there are more than two hundred hostile values", () => {
  expect(cases.length).toBeGreaterThan(200);
});

test.each(Object.keys(FIELDS))(
  "whatever stands in `%s` is refused at its line, by name",
  (field) => {
    for (const value of HOSTILE) {
      const plan = { version: 1, ...entry({}), ...FIELDS[field]?.(value) };
      const text = stringify(plan, { lineWidth: 0 });
      const reading = readPlan(text, "plan.yaml");
      const lines = text.split("\n");
      const messages = reading.ok
        ? []
        : reading.problems.map(({ line, message }) => `${lines[line - 1] ?? ""} ${message}`);
      expect(messages.length, JSON.stringify(value.slice(0, 40))).toBeGreaterThan(0);
      // The line of the value, or the key in the message.
      expect(messages.join("\n"), JSON.stringify(value.slice(0, 40))).toContain(field);
    }
    expect(existsSync("canary")).toBe(false);
  },
);
