import { describe, expect, it } from "vitest";
import { configurations } from "../../../src/results/query/configurations.ts";
import { sampleRecord } from "../sample-record.ts";

const MODEL = "openai/gpt-oss-20b";
const namesOf = (...facts: Parameters<typeof sampleRecord>[0][]): string[] =>
  configurations(facts.map((fact) => sampleRecord({ model: MODEL, ...fact }))).map(
    ({ name }) => name,
  );

describe("the name of a configuration", () => {
  it("is the model's short name where nothing else has it on this GPU type", () => {
    expect(namesOf({}, { gpu: "g2-gpu-rtx4000a2-s" })).toEqual(["gpt-oss-20b", "gpt-oss-20b"]);
  });

  it("has the setting that tells two rows apart", () => {
    expect(namesOf({ vllm: { max_num_seqs: 16 } }, { vllm: { max_num_seqs: 4 } })).toEqual([
      "gpt-oss-20b (max_num_seqs 16)",
      "gpt-oss-20b (max_num_seqs 4)",
    ]);
  });

  it("has as many settings as it takes, and no more", () => {
    expect(
      namesOf(
        { vllm: { max_model_len: 8192, vllm_version: "0.27.0" } },
        { vllm: { max_model_len: 16384, vllm_version: "0.27.1" } },
        { vllm: { max_model_len: 16384, max_num_seqs: 16, vllm_version: "0.27.1" } },
      ),
    ).toEqual([
      "gpt-oss-20b (8192 tokens, max_num_seqs unknown)",
      "gpt-oss-20b (16384 tokens, max_num_seqs unknown)",
      "gpt-oss-20b (16384 tokens, max_num_seqs 16)",
    ]);
  });

  it("says whose an imported row is", () => {
    expect(namesOf({}, { summary: { origin: "alice" } })).toEqual([
      "gpt-oss-20b (own)",
      "gpt-oss-20b (from alice)",
    ]);
  });

  it("is a number where no setting that it can show differs", () => {
    const long = "x".repeat(40);
    expect(namesOf({ vllm: { image: `${long}a` } }, { vllm: { image: `${long}b` } })).toEqual([
      "gpt-oss-20b (no. 1)",
      "gpt-oss-20b (no. 2)",
    ]);
  });
});
