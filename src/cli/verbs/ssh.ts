import { ExitCode } from "../../support/errors.ts";
import { argument, outputOptions, stateOption } from "../options.ts";
import { locationsOf } from "../requests.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "ssh",
  group: "use",
  summary: "Open a shell on a VM that is up",
  about: [
    "Logs in as root with the `ssh` program of this machine, and ends when you log out. The VM's host key is pinned: ssh asks nothing and accepts no other key. Name a session, a run, or the label of a VM, also of a running sweep; with only one VM up by `up`, no name is needed.",
    "Whatever you start there may disturb a measurement. The VM is destroyed at its time, logged in or not.",
  ],
  related: ["up", "list", "logs"],
  synonyms: ["shell", "login", "connect"],
  arguments: [argument("[vm]", "a session, a run or a VM's label")],
  options: [stateOption, ...outputOptions],
  examples: ["maider-sweep ssh", "maider-sweep ssh qwen2.5-coder-7b-instruct"],
  notices: [],
  handler: async (call) => {
    const {
      args: [vm],
      terminal: { env },
    } = call;
    const { loginTo, openShell } = await import("../../sessions/open-shell.ts");
    const login = await loginTo(vm, env, locationsOf(call).stateDir, process.cwd());
    await openShell(login, env);
    return ExitCode.done;
  },
});
