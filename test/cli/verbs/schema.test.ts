import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { speak } from "../fake-terminal.ts";

const plans = new URL("../../../plans/", import.meta.url);

describe("the schema of plans", () => {
  it("is what the package ships", async () => {
    const { code, stdout } = await speak(["schema"]);
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(new URL("plan.schema.json", plans), "utf8"));
  });
  it("knows the keys of a plan and refuses others", async () => {
    const schema: unknown = JSON.parse((await speak(["schema"])).stdout);
    expect(schema).toMatchObject({
      type: "object",
      required: ["version", "entries"],
      additionalProperties: false,
      properties: { budget: { properties: { max_cost: { type: "number" } } } },
    });
  });
  it.each(readdirSync(plans).filter((name) => name.endsWith(".yaml")))("is named in %s", (name) => {
    expect(readFileSync(new URL(name, plans), "utf8")).toMatch(
      /^# yaml-language-server: \$schema=plan\.schema\.json\n/,
    );
  });
});
