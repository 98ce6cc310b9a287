import { checkbox, confirm, number, select, Separator } from "@inquirer/prompts";
import { GPU_TYPES } from "../../catalog/gpu-catalog.ts";
import type { Market } from "../../estimate/market.ts";
import { CATEGORIES } from "../../evidence/suite.ts";
import { formatUsd } from "../../support/money.ts";
import { withPrompt, type AskContext } from "../with-prompt.ts";
import type { Terminal } from "../terminal.ts";
import { modelsThatFit, type PlanDraft } from "./plan-draft.ts";

const WORK = {
  coding: "coding: short prompts, answers of 100 to 500 tokens",
  context_heavy: "context_heavy: prompts of up to 16,384 tokens",
  reasoning: "reasoning: short prompts, answers of 300 to 600 tokens",
} as const;
const PASSES = [
  { value: 1, name: "1: a first look, low confidence" },
  { value: 3, name: "3: high confidence, with an interval" },
  { value: 5, name: "5: a narrower interval" },
];
const LINES_SHOWN = 16;

/** Each question of the wizard takes the draft and returns it with the answer. */
export interface Questions {
  gpus(draft: PlanDraft): Promise<PlanDraft>;
  work(draft: PlanDraft): Promise<PlanDraft>;
  models(draft: PlanDraft): Promise<PlanDraft>;
  passes(draft: PlanDraft): Promise<PlanDraft>;
  /** @param suggested dollars, what the worst case would reserve */
  maxCost(draft: PlanDraft, suggested: number): Promise<PlanDraft>;
  choose<T extends string>(
    message: string,
    choices: readonly { readonly name: string; readonly value: T }[],
  ): Promise<T>;
  agree(message: string): Promise<boolean>;
}

/** The questions, asked on a terminal. */
export function questionsOn(terminal: Terminal, market: Market): Questions {
  const ask = <T>(question: (context: AskContext) => Promise<T>): Promise<T> =>
    withPrompt(terminal, question);
  const several = { required: true, pageSize: LINES_SHOWN, loop: false };
  return {
    gpus: async (draft) => {
      const gpus = await ask((context) =>
        checkbox(
          {
            ...several,
            message: "Which GPU types?",
            choices: gpuChoices(draft, market),
          },
          context,
        ),
      );
      // A model that no longer fits any of them is removed.
      const fitting = new Set(modelsThatFit(gpus).map(({ model }) => model.id));
      return { ...draft, gpus, models: draft.models.filter((id) => fitting.has(id)) };
    },
    work: async (draft) => ({
      ...draft,
      suites: await ask((context) =>
        checkbox(
          {
            ...several,
            message: "For which work?",
            choices: workChoices(draft),
          },
          context,
        ),
      ),
    }),
    models: async (draft) => ({
      ...draft,
      models: await ask((context) =>
        checkbox({ ...several, message: "Which models?", choices: modelChoices(draft) }, context),
      ),
    }),
    passes: async (draft) => ({
      ...draft,
      passes: await ask((context) =>
        select<number>(
          {
            message: "How many passes for each?",
            default: draft.passes ?? 3,
            choices: PASSES,
          },
          context,
        ),
      ),
    }),
    maxCost: async (draft, suggested) => ({
      ...draft,
      maxCost: await ask((context) =>
        number(
          {
            message: "At most how many dollars?",
            default: draft.maxCost ?? suggested,
            min: 0.01,
            step: "any",
            required: true,
          },
          context,
        ),
      ),
    }),
    choose: (message, choices) =>
      ask((context) =>
        select({ message, choices: [...choices], pageSize: LINES_SHOWN, loop: false }, context),
      ),
    agree: (message) => ask((context) => confirm({ message, default: false }, context)),
  };
}

function gpuChoices(draft: PlanDraft, market: Market) {
  const offered = GPU_TYPES.filter(({ id, public: isPublic }) => isPublic || market.prices.has(id));
  return offered.map(({ id, gpus: count, card, hourly }) => ({
    value: id,
    checked: draft.gpus.includes(id),
    name: `${id.padEnd(30)} ${String(count)} x ${card.name} ${String(card.vramGb)} GB, ${formatUsd(market.prices.get(id)?.hourly ?? hourly)}/h${stockOf(id, market)}`,
    short: id,
  }));
}

function workChoices({ suites }: PlanDraft) {
  return CATEGORIES.map((value) => ({
    value,
    name: WORK[value],
    short: value,
    checked: suites === undefined || suites.includes(value),
  }));
}

function modelChoices(draft: PlanDraft) {
  const fitting = modelsThatFit(draft.gpus);
  const classes = [...new Set(fitting.map(({ model }) => model.category))];
  return classes.flatMap((category) => [
    new Separator(`  ${category}`),
    ...fitting
      .filter(({ model }) => model.category === category)
      .map(({ model, on }) => ({
        value: model.id,
        name: `${model.id.padEnd(52)} ${model.checkpointGib.toFixed(1).padStart(5)} GiB${on < draft.gpus.length ? `, fits ${String(on)} of ${String(draft.gpus.length)}` : ""}${model.gated ? ", gated" : ""}`,
        short: model.id,
        checked: draft.models.includes(model.id),
      })),
  ]);
}

function stockOf(id: string, { availability }: Market): string {
  const rows = availability.filter(({ type }) => type === id);
  if (rows.length === 0) return "";
  return rows.some(({ available }) => available) ? ", in stock" : ", sold out";
}
