import { expect, test } from "vitest";
import { writesTo } from "../simulated/nothing-left.ts";
import { sweepRun } from "../simulated/sweep-run.ts";
import { atATerminal, KEYS } from "./at-a-terminal.ts";

test.each([
  ["no", `n${KEYS.enter}`, 0],
  ["Enter alone", KEYS.enter, 0],
  ["Ctrl-C", KEYS.interrupt, 130],
])(
  "at a terminal rebench shows its estimate and asks; %s rents nothing",
  async (_name, types, exit) => {
    await using rig = await sweepRun(1);
    const { code, shown, missed } = await atATerminal(
      [
        "rebench",
        "--gpu",
        "g2-gpu-rtx4000a1-s",
        "--model",
        "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ",
        "--simulate",
        rig.url,
      ],
      { env: rig.env, cwd: rig.env.HOME, steps: [["Rent these now?", types]] },
    );
    expect(missed).toBeUndefined();
    expect(shown).toMatch(/likely \$\d+\.\d\d .* worst \$\d+\.\d\d/);
    expect(code).toBe(exit);
    expect(await writesTo(rig)).toEqual([]);
  },
);
