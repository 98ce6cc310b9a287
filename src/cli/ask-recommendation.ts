import { select } from "@inquirer/prompts";
import type { Budget, Task } from "../results/query/recommend.ts";
import type { SizePreference } from "../results/query/size-preference.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import type { Terminal } from "./terminal.ts";
import { canAsk, withPrompt } from "./with-prompt.ts";

/** What `recommend` needs to know. */
export interface Answers {
  readonly task: Task;
  readonly budget: Budget;
  readonly size: SizePreference;
}

type GivenAnswers = Partial<Answers> & { readonly json?: true };

/** @throws SweepError exit 2 when the task is missing and cannot be asked for */
export function checkAnswers(given: GivenAnswers, terminal: Terminal): void {
  if (given.task !== undefined || mayAsk(given, terminal)) return;
  throw new SweepError("the three questions can only be asked on a terminal", {
    exitCode: ExitCode.usage,
    hint: "give --task coding|context_heavy|reasoning|mixed, and if need be --budget under-1|1-3|over-3|none --size smallest|balanced|largest",
  });
}

function mayAsk({ json }: GivenAnswers, terminal: Terminal): boolean {
  return canAsk(terminal) && json !== true;
}

/** Asks the guide's three questions, except for those that options have answered; elsewhere, any price and size will do. */
export async function askRecommendation(given: GivenAnswers, terminal: Terminal): Promise<Answers> {
  const asks = mayAsk(given, terminal);
  const { task, budget = asks ? undefined : "none", size = asks ? undefined : "balanced" } = given;
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
        default: "none",
        choices: [
          { name: "Any price", value: "none" },
          { name: "Under $1", value: "under-1" },
          { name: "$1 to $3", value: "1-3" },
          { name: "Over $3", value: "over-3" },
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
