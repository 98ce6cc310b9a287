/** What the manual says of a verb beyond its data: paragraphs of Markdown, and which verbs are related. */
export interface ManualText {
  readonly about: readonly string[];
  readonly seeAlso: readonly string[];
}

/** What `--prompts`, and `prompts:` in a plan, name. */
const PROMPT_FILES = [
  "Prompts of your own are a list in YAML or JSON, or one object a line in JSON lines (`.jsonl`, `.ndjson`). Only `prompt` or `messages` must be there. They form a suite of their own, which is never ranked with the standard one.",
  `    - name: Greeting        # else Prompt 1, Prompt 2 and so on; each only once
      category: coding      # coding, context_heavy, reasoning, or custom when left out
      prompt: Say hello.
      max_tokens: 64        # tokens of the reply, 500 when left out
    - messages:             # in place of prompt; roles: system, user, assistant
        - {role: system, content: Be brief.}
        - {role: user, content: Why is the sky blue?}`,
];

export const MANUAL_TEXTS: Readonly<Record<string, ManualText>> = {
  run: {
    about: [
      "Checks everything that can be checked before money is spent: the plan, the token and its scopes, prices and stock, the cap, the address that may reach the VMs, the state folder and its lock. Then, for each rental of the plan and as many at once as `concurrency` says, it reserves the worst case in the ledger, creates the VM behind a firewall of its own, waits for boot, SSH and set-up, serves each model with vLLM, warms it up, measures its passes, destroys the VM and proves it gone.",
      "It never asks: the cap (`budget.max_cost` or `--max-cost`) is the consent. Nothing that could pass it is started. An entry that does not fit now waits for open reservations to free money; what never fits is listed as not started.",
      "Each sound pass is a record in the benchmark database the moment it ends. A failed model does not stop the next one on the same VM. Ctrl-C destroys every VM and keeps the results; a second one names what is not proved gone yet. When the program itself is killed, its guard, a process of its own, destroys the VMs.",
      "On a terminal each rental has a line and the money stands below; elsewhere events are plain lines, and with `--json` they are NDJSON on stdout, the same facts as in the journal.",
    ],
    seeAlso: ["estimate", "status", "stop", "doctor", "report"],
  },
  estimate: {
    about: [
      "Shows for each rental the minutes by stage, the hours that Linode is likely to bill, and the hours that would be reserved. Both packings stand beside each other: what `fill-hours` saves, and that results then come from fewer machines. It also tells how many paid minutes would be idle and how many more passes they would hold.",
      "It only reads: it is given no object that could create anything. Without a token prices and stock are still live; without the network the built-in prices are used, with their date.",
    ],
    seeAlso: ["run", "init", "doctor"],
  },
  rebench: {
    about: [
      "Makes a plan from the database and runs it: one configuration with `--gpu` and `--model`, or with `--stale` everything that is too old, or was measured with another vLLM or another version of the suites.",
      "It shows its estimate and asks on a terminal. Without one it needs `--yes` or `--max-cost`.",
    ],
    seeAlso: ["run", "benchmark-status"],
  },
  status: {
    about: [
      "Reads the journals and asks no cloud. Every run is listed, ended and simulated ones too: its state, its process and guard, dollars spent, reserved and left, and each VM with its stage.",
      "`unresolved` means that something may still be billed: `maider-sweep recover` closes it.",
    ],
    seeAlso: ["recover", "list", "logs"],
  },
  stop: {
    about: [
      "Asks the sweep's process to end, as Ctrl-C in its own shell would, and waits until its VMs are proved gone. Results are kept; `run --resume RUN` goes on later.",
    ],
    seeAlso: ["run", "recover"],
  },
  recover: {
    about: [
      "For runs whose owner has died: it folds the journal, asks the cloud for everything that carries the run's name, destroys what is open on either side, proves it gone and closes the books. A VM that `up` holds is spared. Every `run` does the same before it begins.",
    ],
    seeAlso: ["reap", "status", "down"],
  },
  reap: {
    about: [
      "The last resort when the machine of a sweep is lost: labels of our VMs carry their expiry, so any machine that has a token can destroy what is overdue. It touches nothing whose label is not ours. Run it from a timer on another machine, every ten minutes.",
    ],
    seeAlso: ["recover", "guard"],
  },
  guard: {
    about: [
      "Installs, shows or removes a timer of this machine that runs `reap` and `recover` when nothing of ours runs. The guard of a sweep is another thing: each `run` starts its own and needs no installation.",
    ],
    seeAlso: ["reap", "recover"],
  },
  drill: {
    about: [
      "Kills the program at every kind of moment on a simulated cloud and shows for each that no VM is left and no cent is unaccounted for.",
      "With `--live` it rents one cheap VM on the real cloud, within `--max-cost`, and shows on it what only a live account can show; see [the live checklist](../live-checklist.md).",
    ],
    seeAlso: ["recover", "simulator"],
  },
  simulator: {
    about: [
      "A Linode with GPU VMs on loopback: the API over HTTP, VMs over SSH, vLLM behind them. It prints one line of JSON with its address and token, and ends on SIGTERM. `--simulate URL` of the other verbs uses it; `--simulate` alone starts one by itself.",
      "Its side door needs no token: `GET /simulator/state`, `/invoice`, `/requests`, `/served`, `/world`, `/clock`; `POST /simulator/faults`, `/tokens`, `/price`.",
    ],
    seeAlso: ["run", "drill"],
  },
  benchmark: {
    about: [
      "The same measurement as in a sweep, on a vLLM that runs already, yours or not; no account is needed. Tokens are counted by the server and held against its own metrics. `OPENAI_API_KEY` is sent when it is set.",
      "A record needs a GPU type and a price; without them only figures are shown. Figures of a pass that was not sound are shown as such and never recorded; when no test was measured, no file is written.",
      ...PROMPT_FILES,
    ],
    seeAlso: ["benchmark-collect", "benchmark-compare"],
  },
  "benchmark-collect": {
    about: [
      "Measures the model of a VM that is up into the database, and writes `.benchmark-SESSION.json`. The VM is named by a session of `up` or of the `maider` tool, or by the label or the run of a rental of ours that is held; without a name it is the session that the link `.aider-env` in the working directory leads into.",
      "Of our own VMs the GPUs, the engine and the driver are read from the machine, type and price from the journal. Of a session of the `maider` tool type and price are asked of Linode where there is a token (a token that reads is enough), else taken from the session. Its GPUs, driver and CUDA are read by the `ssh` of this machine, without asking anything; where it is not let in, a warning and the record (`gpu_facts`) say that they were not read. When its tunnel is down, that `ssh` makes another.",
      "A file for `--prompts` is described at [benchmark](benchmark.md).",
    ],
    seeAlso: ["up", "benchmark"],
  },
  up: {
    about: [
      "Rents one VM, serves a model on it and leaves it up: for `benchmark-collect`, for an editor, for a look. It is under the same cap, ledger, journal and guard as a sweep, and is held until `down`, or until the hours that `--max-cost` pays are used up (at most `--max-hours`, 4 when left out). Then its guard destroys it.",
      "A tunnel process leads a port of this machine to the VM's vLLM for as long as it is up. The session's files lie where the `maider` tool keeps its own, `~/.cache/linode-vms/SESSION/` (simulated ones in the state folder), and `.aider-env` in the working directory becomes a link to them, unless a plain file of that name is there.",
      "While something is up, every other verb warns of it with the dollars so far. A sweep may run beside it.",
    ],
    seeAlso: ["list", "down", "benchmark-collect"],
  },
  list: {
    about: [
      "Shows the VMs that `up` has left, from their journals: session, model, stage, until when they are held, dollars so far, and whether the tunnel answers.",
    ],
    seeAlso: ["up", "down", "status"],
  },
  down: {
    about: [
      "Destroys a VM that is up, proves it gone, settles its bill, removes its firewall and its session. With several up, name the session. It works while a sweep runs.",
    ],
    seeAlso: ["up", "list"],
  },
  "benchmark-compare": {
    about: [
      "Ranks what was measured, by speed, cost per 1,000 tokens or tokens a second per dollar. With `--task-category` the figures are those of that category, not of the whole pass. Exports hold what the table shows.",
      "Runs are sound passes, and VMs on how many machines they were made: `?` where records do not say, as those of the `maider` tool. Its prompts are called `legacy-12` and its way of measuring `legacy`; they are not ranked with ours unless `--force` is given.",
    ],
    seeAlso: ["recommend", "report"],
  },
  "benchmark-status": {
    about: [
      "Which configurations were tested, how often and when; which results are stale and which of the public GPU types are missing. Confidence is high from three sound passes on.",
    ],
    seeAlso: ["rebench", "benchmark-compare"],
  },
  recommend: {
    about: [
      "Answers three questions: what it is for, what an hour may cost, which model size is preferred. On a terminal it asks for what the options leave open; elsewhere all three have to be given.",
    ],
    seeAlso: ["benchmark-compare", "report"],
  },
  report: {
    about: [
      "Writes one HTML page that needs no network: the decision with a slider for the speed you need, charts, the table, coverage, failures and money. `--open` shows it in the browser.",
    ],
    seeAlso: ["benchmark-compare", "recommend"],
  },
  db: {
    about: [
      "The database is the one that the `maider` tool reads, `~/.cache/linode-vms/benchmark-database.json`. The journals are the truth: a damaged file is repaired from them and from its backups. A removed record stays removed until `db restore ID`. Records that no journal holds, such as imported ones, are kept in `.copies` beside the file. What another program has overwritten is counted all the same, is said, and comes back with any verb that writes.",
      "A record is one pass of one model on one VM. `records` counts those that stand in the file and can be used; `imported` those of other people, as `db import` has taken them in; `brought back` those that `db restore` put into the file again, deleted or overwritten ones.",
    ],
    seeAlso: ["benchmark-status", "benchmark-compare"],
  },
  init: {
    about: [
      "On a terminal it asks which GPU types, for which work, which of the models that fit them, how many passes and how much money, and shows after each answer how many VMs that is, how long it takes and what it costs, likely and at worst. Everything can be changed until the plan is written. Elsewhere `--gpu`, `--model` and `--max-cost` have to be given.",
      "The plan begins with the line by which editors find its schema, complete keys and mark mistakes.",
    ],
    seeAlso: ["estimate", "schema", "run"],
  },
  doctor: {
    about: [
      "Looks at Node, the clock, the state folder, the database, the token with its scopes and its end (held against the plan's length), what stands on the account, prices and stock of the plan's types, the Hugging Face token and access to gated models, the address for the firewall, and the reaper. Each is `ok`, `warning` or `problem`, with what to do. It only reads.",
      'Exit code 4 when there is a problem. `--json` prints `{"checks":[{"check","state","detail","remedy"}]}`.',
    ],
    seeAlso: ["estimate", "run"],
  },
  logs: {
    about: [
      "The story of a run as lines, with the logs of vLLM that were kept where a server failed, and the guard's log. An entry is a VM's label, a GPU type, a rental's number or a model.",
    ],
    seeAlso: ["status", "run"],
  },
  schema: {
    about: [
      "Prints the JSON Schema of plans, generated from what checks them. The package holds it as `plans/plan.schema.json`; a plan whose first line is `# yaml-language-server: $schema=…/plan.schema.json` is completed and checked by editors with a YAML language server.",
    ],
    seeAlso: ["init", "estimate"],
  },
  completion: {
    about: ["Prints a script for bash, zsh or fish that completes verbs and options."],
    seeAlso: [],
  },
};
