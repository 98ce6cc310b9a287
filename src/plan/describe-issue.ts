import type { z } from "zod";
import { GPU_TYPES, USUAL_REGIONS } from "../catalog/gpu-catalog.ts";
import { MODELS } from "../catalog/model-catalog.ts";
import { nearest } from "../support/nearest.ts";
import { oneLine } from "../support/terminal-text.ts";
import type { Problem } from "./coverage-plan.ts";
import {
  budgetSchema,
  engineSchema,
  entrySchema,
  factsSchema,
  modelSchema,
  planSchema,
} from "./plan-schema.ts";
import type { PlanPath, PlanText } from "./plan-text.ts";

type Issue = z.core.$ZodIssue;

/** Turns the schema's issues into problems with a position and a readable message. */
export function describeIssues(issues: readonly Issue[], text: PlanText): Problem[] {
  const flat = issues.flatMap((issue) => unwrapUnion(issue));
  const missing = flat.filter((issue) => isMissing(issue));
  const rest = flat.filter((issue) => !isMissing(issue));
  return [...describeMissing(missing, text), ...rest.flatMap((issue) => describe(issue, text))];
}

/** Replaces an issue of a union with those of the branch that accepts this type of value. */
function unwrapUnion(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const branch = issue.errors.find(
    (errors) => !errors.some(({ code, path }) => code === "invalid_type" && path.length === 0),
  );
  if (branch === undefined) return [issue];
  return branch
    .map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
    .flatMap((inner) => unwrapUnion(inner));
}

function isMissing(issue: Issue): boolean {
  const isTypeIssue =
    issue.code === "invalid_type" ||
    issue.code === "invalid_union" ||
    issue.code === "invalid_value";
  return isTypeIssue && issue.input === undefined;
}

/** One problem per mapping, listing all its missing keys. */
function describeMissing(issues: readonly Issue[], text: PlanText): Problem[] {
  const byParent = Map.groupBy(issues, (issue) => label(issue.path.slice(0, -1)));
  return [...byParent.entries()].map(([parent, group]) => {
    const names = group.map((issue) => `\`${String(issue.path.at(-1))}\``).join(", ");
    const path = group[0]?.path.slice(0, -1) ?? [];
    return text.at(path, `${parent === "" ? "the plan" : `\`${parent}\``} lacks ${names}`);
  });
}

function describe(issue: Issue, text: PlanText): Problem[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) =>
      text.atKey([...issue.path, key], `unknown key \`${excerpt(key)}\``, keyHint(key, issue.path)),
    );
  const subject = issue.path.length === 0 ? "the plan" : `\`${label(issue.path)}\``;
  return [text.at(issue.path, `${subject} ${complaint(issue)}`, valueHint(issue))];
}

function complaint(issue: Issue): string {
  switch (issue.code) {
    case "custom":
      return issue.message;
    case "invalid_type":
      return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${describeValue(issue.input)}`;
    case "invalid_union":
      return `must be ${kindsOfUnion(issue)}, not ${describeValue(issue.input)}`;
    case "invalid_value": {
      const values = issue.values.map((value) => String(value));
      return `must be ${values.length > 1 ? "one of " : ""}${values.join(", ")}, not ${describeValue(issue.input)}`;
    }
    case "too_small":
      if (issue.origin === "array" || issue.origin === "string") return "must not be empty";
      return `must be ${issue.inclusive === true ? "at least" : "more than"} ${String(issue.minimum)}, not ${describeValue(issue.input)}`;
    case "too_big":
      if (issue.origin === "array") return `must have at most ${String(issue.maximum)} items`;
      if (issue.origin === "string") return `must have at most ${String(issue.maximum)} characters`;
      return `must be at most ${String(issue.maximum)}, not ${describeValue(issue.input)}`;
    case "invalid_format":
    case "not_multiple_of":
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
  }
  return `is not valid: ${issue.message}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of keys",
};

function kindsOfUnion(issue: Extract<Issue, { code: "invalid_union" }>): string {
  const kinds = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) =>
      inner.code === "invalid_type" ? [KINDS[inner.expected] ?? inner.expected] : [],
    ),
  );
  return kinds.join(" or ");
}

function describeValue(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return `the string "${excerpt(value)}"`;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "a mapping";
}

/** An excerpt of the file that is safe to print. */
function excerpt(text: string): string {
  const clean = oneLine(text);
  return clean.length > 60 ? `${clean.slice(0, 57)}...` : clean;
}

/** `entries[0].models[1].id` */
function label(path: PlanPath): string {
  return path
    .map((step) => (typeof step === "number" ? `[${String(step)}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");
}

const SHAPES: readonly (readonly [place: string, keys: readonly string[]])[] = [
  ["", Object.keys(planSchema.shape)],
  ["budget", Object.keys(budgetSchema.shape)],
  ["engine", Object.keys(engineSchema.shape)],
  ["entries[]", Object.keys(entrySchema.shape)],
  ["entries[].models[]", Object.keys(modelSchema.shape)],
  ["entries[].models[].facts", Object.keys(factsSchema.shape)],
];

function keyHint(key: string, path: PlanPath): string | undefined {
  const place = label(path).replace(/\[\d+\]/g, "[]");
  const knownKeys = SHAPES.find(([name]) => name === place)?.[1] ?? [];
  const suggestion = nearest(key, knownKeys);
  if (suggestion !== undefined) return `did you mean \`${suggestion}\`?`;
  const otherPlace = SHAPES.find(([, keys]) => keys.includes(key))?.[0];
  if (otherPlace !== undefined)
    return `it belongs ${otherPlace === "" ? "at the top level" : `under \`${otherPlace}\``}`;
  return `known keys: ${knownKeys.join(", ")}`;
}

function valueHint(issue: Issue): string | undefined {
  const { input, path } = issue;
  if (typeof input !== "string") return undefined;
  const candidates =
    issue.code === "invalid_value" ? issue.values.map((value) => String(value)) : namesFor(path);
  const suggestion = nearest(input, candidates);
  return suggestion === undefined || suggestion === input
    ? undefined
    : `did you mean \`${suggestion}\`?`;
}

function namesFor(path: PlanPath): string[] {
  const key = path.findLast((step) => typeof step === "string");
  if (key === "gpu") return GPU_TYPES.map((type) => type.id);
  if (key === "models" || key === "id") return MODELS.map((model) => model.id);
  if (key === "region" || key === "regions") return Object.values(USUAL_REGIONS).flat();
  return [];
}
