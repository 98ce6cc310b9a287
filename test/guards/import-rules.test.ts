import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** Modules, each with imports that its rule refuses. */
const REFUSED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  support: ["../catalog/fit.ts", "yaml"],
  catalog: ["../evidence/pass.ts", "node:fs"],
  evidence: ["../plan/read-plan.ts", "node:fs", "zod"],
  plan: ["../estimate/market.ts", "../hub/hub-client.ts", "commander"],
  estimate: ["../journal/events.ts", "node:fs"],
  journal: ["../plan/read-plan.ts", "../run-state/fold-run.ts", "../lock/owner-lock.ts", "lowdb"],
  lock: ["../run-state/fold-run.ts", "../results/store/database.ts", "lowdb"],
  "run-state": ["../results/store/database.ts", "../cloud/cloud.ts", "zod"],
  "results/store": ["../../cloud/cloud.ts", "p-queue"],
  "results/query": ["../../cloud/cloud.ts", "../../report/format.ts"],
  "results/exchange": ["../../cloud/cloud.ts", "../../report/format.ts"],
  cloud: ["../machine/machine.ts", "../journal/events.ts", "node-ssh"],
  machine: ["../cloud/cloud.ts", "../vllm/server-api.ts", "@linode/api-v4"],
  vllm: ["../cloud/cloud.ts", "../benchmark/run-pass.ts", "node-ssh"],
  hub: ["../machine/machine.ts", "../sweep/run-sweep.ts", "node-ssh"],
  benchmark: ["../machine/ssh-machine.ts", "../results/store/database.ts", "ssh2"],
  teardown: [
    "../cloud/linode-cloud.ts",
    "../machine/machine.ts",
    "../sweep/run-sweep.ts",
    "node:fs",
  ],
  sweep: [
    "../cloud/linode-cloud.ts",
    "../machine/ssh-machine.ts",
    "../benchmark/run-pass.ts",
    "../results/store/database.ts",
    "../run/start-run.ts",
  ],
  "sweep/rental": ["../../cloud/linode-cloud.ts", "../../guard/guard-loop.ts"],
  guard: ["../sweep/run-sweep.ts", "../machine/machine.ts", "../cli/terminal.ts", "listr2"],
  simulator: ["../estimate/forecast.ts", "../cloud/linode-cloud.ts", "../machine/keys.ts"],
  "simulator/world": ["../../estimate/forecast.ts", "../../machine/keys.ts"],
  "simulator/vllm": ["../../estimate/forecast.ts", "../../vllm/server-api.ts"],
  "simulator/client": ["../../run/start-run.ts", "../../cli/terminal.ts"],
  report: ["../cloud/cloud.ts", "../run/start-run.ts", "../cli/terminal.ts", "node:fs"],
  run: ["../sessions/held-vms.ts", "../drill/drill-case.ts", "listr2", "commander"],
  "run/cloud-access": ["../../sessions/held-vms.ts", "listr2"],
  "run/preflight": ["../../sessions/held-vms.ts", "listr2"],
  "run/run-folder": ["../../sessions/held-vms.ts", "listr2"],
  "run/records": ["../../report/format.ts", "lowdb"],
  "run/recovery": ["../../sessions/held-vms.ts", "node-ssh"],
  "run/rebench": ["../../report/format.ts", "zod"],
  sessions: ["../drill/drill-case.ts", "../report/format.ts", "commander"],
  doctor: ["../sweep/run-sweep.ts", "../machine/machine.ts", "../cli/terminal.ts", "commander"],
  "cli/verbs": ["./run.ts"],
  drill: ["../sweep/run-sweep.ts", "../report/format.ts", "commander"],
};
/** Modules whose clock, randomness and output are handed to them. */
const WITHOUT_TIMERS = [
  "catalog",
  "evidence",
  "plan",
  "estimate",
  "journal",
  "run-state",
  "results/store",
  "teardown",
  "sweep",
  "sweep/rental",
  "report",
];

const root = realpathSync(mkdtempSync(join(tmpdir(), "breaches-")));
const breaches: { file: string; rule: string; text: string }[] = [];
for (const [room, imports] of Object.entries(REFUSED_IMPORTS)) {
  imports.forEach((from, i) =>
    breaches.push({
      file: `src/${room}/breach-${i}.ts`,
      rule: "no-restricted-imports",
      text: `export * from "${from}";\n`,
    }),
  );
}
for (const room of WITHOUT_TIMERS) {
  breaches.push({
    file: `src/${room}/breach-timer.ts`,
    rule: "no-restricted-globals",
    text: "setTimeout(() => undefined, 1);\n",
  });
}
breaches.push(
  {
    file: "src/index.ts",
    rule: "no-restricted-imports",
    text: 'export * from "./cli/output/event-text.ts";\n',
  },
  {
    file: "src/cli/breach-default.ts",
    rule: "no-default-export",
    text: "export default 1;\n",
  },
  {
    file: "src/cli/cycle-a.ts",
    rule: "no-cycle",
    text: 'import type { B } from "./cycle-b.ts";\nexport interface A {\n  b: B;\n}\n',
  },
  {
    file: "src/cli/cycle-b.ts",
    rule: "no-cycle",
    text: 'import type { A } from "./cycle-a.ts";\nexport interface B {\n  a: A;\n}\n',
  },
);

const reported = new Set<string>();
beforeAll(() => {
  cpSync(".oxlintrc.json", join(root, ".oxlintrc.json"));
  for (const { file, text } of breaches) write(file, text);
  write("src/cli/sound.ts", 'export { A } from "../sweep/breach-timer.ts";\n');
  const oxlint = realpathSync("node_modules/oxlint/bin/oxlint");
  const { stdout } = spawnSync(process.execPath, [oxlint, "--format=json", "src"], {
    cwd: root,
    encoding: "utf8",
    // The type-aware half of the linter is looked up there.
    env: {
      ...process.env,
      PATH: `${resolve("node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`,
    },
  });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code?: string; filename: string }[];
  };
  for (const { code, filename } of diagnostics) reported.add(`${code ?? ""} ${filename}`);
});
afterAll(() => rmSync(root, { recursive: true }));

describe("the linter refuses", () => {
  test.each(breaches)("$rule in $file: $text", ({ file, rule }) => {
    expect([...reported].filter((line) => line.includes(`(${rule})`))).toContainEqual(
      expect.stringMatching(new RegExp(` (.*/)?${file}$`)),
    );
  });

  test("nothing that is allowed", () => {
    expect([...reported].filter((line) => line.endsWith("sound.ts"))).toEqual([]);
  });
});

test("every module but cli, which may import all, has a planted breach here", () => {
  const modules = readdirSync("src", { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const held = new Set(Object.keys(REFUSED_IMPORTS).map((name) => name.split("/")[0]));
  expect([...held]).toEqual(
    expect.arrayContaining(modules.map(({ name }) => name).filter((name) => name !== "cli")),
  );
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
