import { expect, it } from "vitest";
import { locationFlags } from "../../src/cli/requests.ts";

it.each<[Parameters<typeof locationFlags>[0], string]>([
  [{}, ""],
  [{ db: false }, ""],
  [{ db: "try.json" }, " --db try.json"],
  [
    { db: "my results/it's.json", stateDir: "/state" },
    String.raw` --db 'my results/it'\''s.json' --state-dir /state`,
  ],
])("a hint finds what %j has named", (options, named) => {
  expect(locationFlags(options)).toBe(named);
});
