import { describe, expect, it } from "vitest";
import { testsWithinContext } from "../../src/benchmark/tests-within-context.ts";
import { never, prompt, underTest } from "./reference.ts";
import { stubClient } from "./stub-client.ts";

const server = underTest({ port: 1, model: "m" }, { maxModelLen: 1_024 });
const short = prompt("short", 100, "Say a.");
const long = prompt("long", 600, "word ".repeat(300));
const suite = { id: "x", tests: [short, long] };

async function inapplicable(count: number | undefined): Promise<(string | undefined)[]> {
  const client = stubClient(() =>
    count === undefined
      ? { status: 404, body: '{"detail":"Not Found"}' }
      : Number.isFinite(count)
        ? { body: JSON.stringify({ count }) }
        : {
            status: 400,
            body: '{"error":{"message":"This model\'s maximum context length is 1024"}}',
          },
  );
  const found = await testsWithinContext(client, server, suite, never);
  // A test that certainly fits is not counted.
  expect(client.requests).toEqual(["POST /tokenize"]);
  return suite.tests.map((test) => found.get(test));
}

describe("tests within the context window", () => {
  it.each([
    ["fill it with their margin", 408],
    ["cannot be counted", undefined],
  ])("apply when they %s", async (_, count) => {
    expect(await inapplicable(count)).toEqual([undefined, undefined]);
  });

  it("do not apply when they are one token too long, and the reason says so", async () => {
    expect(await inapplicable(409)).toEqual([
      undefined,
      "it needs 1025 tokens (prompt 409, reply 600, margin 16), the window has 1024",
    ]);
  });

  it("do not apply when the prompt alone is too long to be counted", async () => {
    expect(await inapplicable(Infinity)).toEqual([
      undefined,
      "the prompt alone is longer than the window of 1024 tokens",
    ]);
  });
});
