/**
 * Records what the verbs print, for the manual: each runs on the simulated cloud in a terminal of 80 columns. Needs
 * `script` of util-linux. `npm run outputs`, some minutes; then `npm run manual` puts the texts into docs/verbs.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripControls } from "../src/support/terminal-text.ts";
import { shellWord } from "../src/support/shell-word.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = join(ROOT, "bin/maider-sweep.js");
const FOLDER = join(ROOT, "docs/verb-output");
const COLUMNS = 80;
/** A longer output is cut here. */
const LINES = 40;

const GPUS = "g2-gpu-rtx4000a1-s,g2-gpu-rtx4000a2-s";
const MODELS = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ,Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";

/** Command lines in their order: later ones read what earlier ones have measured. */
const COMMANDS: readonly string[] = [
  "gpus --simulate",
  "models",
  `init --gpu ${GPUS} --model ${MODELS} --passes 2 --max-cost 10 --simulate`,
  "doctor plan.yaml --simulate",
  "estimate plan.yaml --simulate",
  "run plan.yaml --simulate --quiet",
  "status",
  "logs last 1",
  "benchmark-compare --simulate",
  "benchmark-status --simulate",
  "recommend --simulate --task coding --budget none --size balanced",
  "report --simulate",
  "db check --simulate",
  "rebench --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct-AWQ --simulate --dry-run",
  "up --gpu g2-gpu-rtx4000a1-s --model Qwen/Qwen2.5-Coder-7B-Instruct-AWQ --max-cost 2 --simulate --quiet",
  "list",
  "benchmark-collect --category coding",
  "down --quiet",
  "recover --simulate",
];

const home = mkdtempSync(join(tmpdir(), "mds-outputs-"));

/** What a command line shows on a terminal, without colours and cursor movements. */
function outputOf(command: string): string {
  const line = `stty cols ${String(COLUMNS)} rows 50; ${[process.execPath, PROGRAM].map(shellWord).join(" ")} ${command}`;
  const output = execFileSync("script", ["-qec", line, "/dev/null"], {
    cwd: home,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: home, TERM: "xterm-256color", NO_COLOR: "1" },
  });
  const lines = stripControls(output).replaceAll(home, "/home/you").trimEnd().split("\n");
  return [...lines.slice(0, LINES), ...(lines.length > LINES ? ["..."] : [])].join("\n");
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
try {
  for (const command of COMMANDS) {
    const [verb = ""] = command.split(" ");
    writeFileSync(join(FOLDER, `${verb}.txt`), `$ maider-sweep ${command}\n${outputOf(command)}\n`);
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
