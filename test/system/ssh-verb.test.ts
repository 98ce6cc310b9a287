import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { sshArguments } from "../../src/sessions/open-shell.ts";
import { sweepRun } from "../simulated/sweep-run.ts";

test("ssh reads its options as they are meant, also in a folder with a blank and a percent sign", () => {
  const args = sshArguments("203.0.113.9", 2222, "/a b/100%/key", "/a b/100%/known_hosts");
  const settings = execFileSync("ssh", ["-G", ...args], { encoding: "utf8" });
  expect(settings).toMatch(/^userknownhostsfile "?\/a b\/100%%?\/known_hosts"?$/m);
  expect(settings).toMatch(/^stricthostkeychecking (?:yes|true)$/m);
  expect(settings).toMatch(/^hostname 203\.0\.113\.9$/m);
  expect(settings).toMatch(/^port 2222$/m);
});

test("ssh logs in to the VM that is up, with its host key pinned", async () => {
  await using rig = await sweepRun(1, "--speed", "60", "--delays", "0.1");
  const up =
    "up --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct --max-cost 30 --max-hours 48";
  expect(await rig.runAtHome(...up.split(" "), "--simulate", rig.url)).toMatchObject({ code: 0 });
  for (const name of [[], ["qwen2.5-coder-7b-instruct"]])
    expect(await rig.runAtHome("ssh", ...name)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("This VM is simulated: it has no shell.") as string,
    });
  expect(await rig.runAtHome("down")).toMatchObject({ code: 0 });
  expect(await rig.runAtHome("ssh")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no VM is up") as string,
  });
});
