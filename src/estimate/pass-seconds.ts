import { CHARACTERS_PER_TOKEN } from "../evidence/standard-suite.ts";
import type { Category, Test } from "../evidence/suite.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import { prefillTokensPerSecond, secondsPerToken } from "./token-speed.ts";

/** Prompt and output tokens of one request. */
interface Shape {
  readonly prompt: number;
  readonly reply: number;
}

const SHORT_PROMPT = 300;
const short = (...replies: readonly number[]): readonly Shape[] =>
  replies.map((reply) => ({ prompt: SHORT_PROMPT, reply }));

/** The twelve tests of the standard suites. */
export const SHAPES: Readonly<Record<Category, readonly Shape[]>> = {
  coding: short(100, 200, 400, 500),
  context_heavy: [
    { prompt: 2048, reply: 800 },
    { prompt: 8192, reply: 1000 },
    { prompt: 4096, reply: 600 },
    { prompt: 16_384, reply: 800 },
  ],
  reasoning: short(300, 400, 500, 600),
};

/** Opening a channel, headers, and a round trip. */
const REQUEST_SECONDS = 0.2;
/** Reading the idle counters twice, measuring the round trip, counting the prompts' tokens. */
const PASS_SECONDS = 8;
const WARM_UPS = 3;
const WARM_UP_REPLY = 64;
/** Requests that each stream of a load level sends. */
const REQUESTS_PER_STREAM = 10;

/** Seconds of the warm-up and of all passes of one configuration, further load levels included. */
export function passesSeconds(configuration: Configuration): number {
  const shapes = shapesOf(configuration);
  const single = sum(shapes.map((shape) => requestSeconds(configuration, shape)));
  const levels = sum(
    configuration.load
      .filter((inFlight) => inFlight > 1)
      .map((inFlight) => levelSeconds(configuration, shapes, inFlight)),
  );
  const warmUp =
    (WARM_UPS / Math.max(1, shapes.length)) *
    sum(shapes.map((shape) => requestSeconds(configuration, warm(shape))));
  return warmUp + configuration.passes * (single + levels + PASS_SECONDS);
}

/** The shapes of the tests that fit the window. */
function shapesOf({ suites, engine, prompts }: Configuration): readonly Shape[] {
  const shapes =
    prompts === undefined ? suites.flatMap((suite) => SHAPES[suite]) : prompts.tests.map(shapeOf);
  return shapes.filter(({ prompt, reply }) => prompt + reply + 16 <= engine.maxModelLen);
}

function shapeOf({ messages, maxTokens }: Test): Shape {
  const characters = sum(messages.map(({ content }) => content.length));
  return { prompt: Math.ceil(characters / CHARACTERS_PER_TOKEN), reply: maxTokens };
}

function requestSeconds(configuration: Configuration, { prompt, reply }: Shape): number {
  const context = prompt + reply / 2;
  return (
    REQUEST_SECONDS +
    prompt / prefillTokensPerSecond(configuration) +
    reply * secondsPerToken(configuration, context)
  );
}

/** In each round, all prompts are processed one after the other, and then all replies are generated in parallel. */
function levelSeconds(
  configuration: Configuration,
  shapes: readonly Shape[],
  inFlight: number,
): number {
  if (shapes.length === 0) return 0;
  const prompt = sum(shapes.map((shape) => shape.prompt)) / shapes.length;
  const reply = sum(shapes.map((shape) => shape.reply)) / shapes.length;
  const token = secondsPerToken(configuration, prompt + reply / 2, inFlight);
  const round = (tokens: number): number =>
    REQUEST_SECONDS + (inFlight * prompt) / prefillTokensPerSecond(configuration) + tokens * token;
  return REQUESTS_PER_STREAM * round(reply) + 2 * round(WARM_UP_REPLY) + PASS_SECONDS;
}

function warm({ prompt, reply }: Shape): Shape {
  return { prompt, reply: Math.min(reply, WARM_UP_REPLY) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
