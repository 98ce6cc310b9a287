import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { sshLine } from "../../../src/sweep/rental/write-ssh-access.ts";

it("gives ssh the paths of the key and the known hosts, whatever the state folder is called", () => {
  const key = "/home/o'brien/$(id)/vm.key";
  const hosts = "/home/o'brien/known hosts";
  const line = sshLine(key, hosts, 2222, "203.0.113.7").replace(/^ssh /, "printf '%s\\n' ");
  expect(execFileSync("sh", ["-c", line], { encoding: "utf8" }).split("\n").slice(0, -1)).toEqual([
    "-i",
    key,
    "-o",
    `UserKnownHostsFile=${hosts}`,
    "-p",
    "2222",
    "root@203.0.113.7",
  ]);
});
