import { describe, expect, it } from "vitest";
import type { LoadResult } from "../../src/evidence/load-result.ts";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { recommendationText } from "../../src/report/recommendation-text.ts";
import { recommend, type RecommendQuestion } from "../../src/results/query/recommend.ts";
import { sampleRecord } from "../results/sample-record.ts";

const NOW = Date.UTC(2026, 10, 24, 12);
const MODEL = "openai/gpt-oss-20b";
const passes = (speed: number, facts: Parameters<typeof sampleRecord>[0]) =>
  [0.999, 1, 1.001].map((factor) => sampleRecord({ ...facts, speed: speed * factor }));

function textFor(
  records: readonly BenchmarkRecord[],
  question: Partial<RecommendQuestion> = {},
  width = 80,
): string {
  const { budget = "none", size = "balanced", users = 1 } = question;
  const answer = recommend({ records, task: "coding", budget, size, users, nowMs: NOW });
  const more = answer.unsettled.map(({ gpu, model }) => ({
    gpu,
    model,
    offer: {
      command: `maider-sweep rebench --gpu ${gpu} --model ${model}`,
      likelyUsd: 1,
      worstUsd: 2,
    },
    obstacle: undefined,
  }));
  return recommendationText(
    answer,
    more,
    { budget, size, users, nowMs: NOW },
    { width, colour: false },
  );
}

describe("the recommendation text", () => {
  it("gives names, figures, confidence, age, warnings and the reason", () => {
    const text = textFor([sampleRecord({ speed: 50 })]);
    expect(text).toContain("#1  rtx4000a1-s  Coder-7B\n");
    expect(text).toContain("g2-gpu-rtx4000a1-s, Qwen/Qwen2.5-Coder-7B-Instruct");
    expect(text).toContain("Confidence: Low (1 pass, the newest 4 days ago)");
    expect(text).toContain("⚠ Single benchmark - results may vary");
    expect(text).toContain("Based on 1 benchmark results");
    expect(text).toContain(
      "To use it: maider-sweep up --gpu rtx4000a1-s --model Coder-7B --max-cost 2",
    );
  });

  it("names the setting in which tied rows differ, and gives each command once", () => {
    const text = textFor([
      ...passes(50, { model: MODEL, vllm: { max_num_seqs: 16 } }),
      ...passes(50.01, { model: MODEL, vllm: { max_num_seqs: 4 } }),
    ]);
    expect(text.match(/^#1 \(tied\) .*$/gm)?.toSorted()).toEqual([
      "#1 (tied)  rtx4000a1-s  gpt-oss-20b (max_num_seqs 16)",
      "#1 (tied)  rtx4000a1-s  gpt-oss-20b (max_num_seqs 4)",
    ]);
    expect(text.match(/maider-sweep rebench/g)).toHaveLength(1);
  });

  it("says what is cheaper and faster outside the budget", () => {
    const records = [
      ...passes(64, { gpu: "g2-gpu-rtx4000a2-s", hourly: 1.04 }),
      ...passes(112, { hourly: 0.52 }),
    ];
    expect(textFor(records, { budget: "1-3" }, 200)).toContain(
      "Outside the budget 1-3, cheaper and faster: rtx4000a1-s Coder-7B at $0.52 an hour, 112.0 tokens/s, $1.29 per 1M tokens",
    );
    expect(textFor(passes(64, { hourly: 0.52 }), { budget: "over-3" }, 200)).toMatch(
      /No recommendations found[\s\S]*Nothing meets the budget over-3. The best outside it: rtx4000a1-s/,
    );
  });

  it("says that the size preference decided nothing", () => {
    const far = [...passes(50, {}), ...passes(20, { gpu: "g2-gpu-rtx4000a2-s" })];
    expect(textFor(far, { size: "largest" }, 200)).toContain(
      "The size preference (largest) decided nothing: no two of these are within 10 %",
    );
  });

  it("mentions imported results when there are no others", () => {
    const text = textFor(passes(50, { summary: { origin: "alice" } }));
    expect(text).toContain("3 imported results were left out: --with-imported includes them");
  });

  it("for several users gives throughput, speed for each and price at that load", () => {
    const level: LoadResult = {
      in_flight: 4,
      requests: 8,
      failed: 0,
      out_tps: 200,
      per_user_tps: 50,
      verdict: "sound",
      reasons: [],
    };
    const records = passes(60, { hourly: 0.72, summary: { load: [level] } });
    expect(textFor(records, { users: 3 }, 200)).toContain(
      "For 3 users: 200.0 tokens/s with 4 in flight, 50.0 for each user, $1.00 per 1M tokens",
    );
    expect(textFor(records, { users: 9 }, 200)).toContain(
      "Nothing was measured with 9 requests in flight; the highest load is 4. Add load: [1, 9] to a plan",
    );
  });

  it.each([80, 120, 200])("fits a terminal of %d columns", (width) => {
    const text = textFor([...passes(50, {}), ...passes(50.01, { model: MODEL })], {}, width);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(width);
  });
});
