import { select } from "@inquirer/prompts";
import { NO_RECOMMENDATION, recommendationText } from "../../report/query-text.ts";
import { recommend as recommendFrom } from "../../results/query/recommend.ts";
import type { Budget, Task } from "../../results/query/recommend.ts";
import type { SizePreference } from "../../results/query/size-preference.ts";
import type { ConfigurationResult } from "../../results/query/configurations.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { withPrompt, canAsk } from "../with-prompt.ts";
import type { CommandCall, Handler, Terminal } from "../command.ts";
import { tableStyle } from "../output/table-style.ts";
import { queryContents } from "../read-results.ts";
import { rebenchOffers } from "../../run/rebench-cost.ts";

export const recommend: Handler = async (call) => {
  const { options, terminal } = call;
  const ask = questionsOf(call);
  const { records } = await queryContents(call);
  const json = options["json"] === true;
  if (records.length === 0 && !json) {
    terminal.stdout.write(`${NO_RECOMMENDATION}\n`);
    return ExitCode.done;
  }
  const question = await ask();
  const withImported = options["withImported"] === true;
  const answer = recommendFrom({ records, ...question, withImported });
  const more = await rebenchOffers(records, answer.unsettled, Date.now());
  if (json) {
    const recommendations = answer.recommendations.map(({ configuration, ...one }) => ({
      ...one,
      configuration: withoutRecords(configuration),
    }));
    const told = {
      ...question,
      ...answer,
      recommendations,
      unsettled: answer.unsettled.map(withoutRecords),
      unstable: answer.unstable.map(withoutRecords),
      more,
    };
    terminal.stdout.write(`${JSON.stringify(told, undefined, 2)}\n`);
    return ExitCode.done;
  }
  const found = answer.recommendations.length + answer.unstable.length > 0;
  terminal.stdout.write(
    `${found ? recommendationText(answer, more, tableStyle(terminal)) : NO_RECOMMENDATION}\n`,
  );
  return ExitCode.done;
};

/** The records themselves are what an export is for. */
function withoutRecords(row: ConfigurationResult): object {
  return { ...row, id: undefined, records: row.records.map(({ id }) => id) };
}

interface Answers {
  readonly task: Task;
  readonly budget: Budget;
  readonly size: SizePreference;
}

/**
 * The guide's three questions, as far as options do not answer them; what is returned asks.
 * @throws SweepError exit 2 when nobody is there to be asked.
 */
function questionsOf({ options, terminal }: CommandCall): () => Promise<Answers> {
  const task = options["task"] as Task | undefined;
  const budget = options["budget"] as Budget | undefined;
  const size = options["size"] as SizePreference | undefined;
  if (task !== undefined && budget !== undefined && size !== undefined)
    return () => Promise.resolve({ task, budget, size });
  if (!canAsk(terminal) || options["json"] === true) {
    throw new SweepError("nobody is here to answer the three questions", {
      exitCode: ExitCode.usage,
      hint: "give --task coding|context_heavy|reasoning|mixed --budget under-1|1-3|over-3|none --size smallest|balanced|largest",
    });
  }
  return () => ask({ task, budget, size }, terminal);
}

async function ask(
  { task, budget, size }: { [K in keyof Answers]: Answers[K] | undefined },
  terminal: Terminal,
): Promise<Answers> {
  const answer = <T>(config: Parameters<typeof select<T>>[0]): Promise<T> =>
    withPrompt(terminal, (context) => select<T>(config, context));
  return {
    task:
      task ??
      (await answer<Task>({
        message: "What will you use it for?",
        choices: [
          { name: "Coding", value: "coding" },
          { name: "Context-heavy", value: "context_heavy" },
          { name: "Reasoning", value: "reasoning" },
          { name: "Mixed", value: "mixed" },
        ],
      })),
    budget:
      budget ??
      (await answer<Budget>({
        message: "What may an hour cost?",
        default: "1-3",
        choices: [
          { name: "Under $1", value: "under-1" },
          { name: "$1 to $3", value: "1-3" },
          { name: "Over $3", value: "over-3" },
          { name: "No constraint", value: "none" },
        ],
      })),
    size:
      size ??
      (await answer<SizePreference>({
        message: "Which model size do you prefer?",
        default: "balanced",
        choices: [
          { name: "Smallest", value: "smallest" },
          { name: "Balanced", value: "balanced" },
          { name: "Largest", value: "largest" },
        ],
      })),
  };
}
