import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect, it } from "vitest";
import { startSimulator } from "../../../src/simulator/control/start-simulator.ts";
import { speak } from "../fake-terminal.ts";

it("a plan is written from options, read back, and not overwritten unasked", async () => {
  const cloud = await startSimulator({ port: 0, speed: 1, seed: 1, delays: 1 });
  const file = join(mkdtempSync(join(tmpdir(), "mds-init-")), "plan.yaml");
  const argv = [
    "init",
    "--gpu",
    "g2-gpu-rtx4000a1-s",
    "--model",
    "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ",
    "--max-cost",
    "5",
    "-o",
    file,
    "--simulate",
    cloud.url,
  ];
  expect((await speak(argv)).code).toBe(0);
  const [first = "", second] = readFileSync(file, "utf8").split("\n");
  const schema = first.replace("# yaml-language-server: $schema=", "");
  expect(schema).toMatch(/^\.\.\//);
  expect(existsSync(resolve(dirname(file), schema))).toBe(true);
  expect(second).toBe("version: 1");
  expect(await speak(argv)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--yes") as string,
  });
  expect((await speak([...argv, "--yes"])).code).toBe(0);
  await cloud.close();
});

it("without options it says what is missing", async () => {
  expect(await speak(["init"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--max-cost") as string,
  });
});
