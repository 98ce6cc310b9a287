import { expect, it } from "vitest";
import { cutDatabase, hitDatabase } from "./damage-database.ts";

it("a database that was cut short keeps every record that a backup or a journal has", async () => {
  expect(await cutDatabase(7)).toEqual([]);
});

it("a database that was damaged at random, 300 times, keeps them too", async () => {
  expect(await hitDatabase(300, "corruptions")).toEqual([]);
});
