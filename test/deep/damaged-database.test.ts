import { expect, it } from "vitest";
import { cutDatabase, hitDatabase } from "../scenarios/damage-database.ts";

it("a database that was cut at any byte keeps every record that a backup or a journal has", async () => {
  expect(await cutDatabase(1)).toEqual([]);
});

it("a database that was damaged at random, five thousand times, keeps them too", async () => {
  expect(await hitDatabase(5_000, "more corruptions")).toEqual([]);
});
