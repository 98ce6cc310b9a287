import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";
import type { Problem } from "./coverage-plan.ts";

const LARGEST_BYTES = 1_048_576;
const DEEPEST = 20;
const MOST_NODES = 20_000;
const MOST_ALIASES = 100;
/** Line breaks, escapes and whatever else could end one text and begin another. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Keys and indices from the top of the document. */
export type PlanPath = readonly PropertyKey[];

/** A YAML text that was read within the limits. */
export interface PlanText {
  /** As plain data. Meaningless when there are problems. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** A problem at the value of this path, or at its nearest ancestor that stands in the file. */
  at(path: PlanPath, message: string, hint?: string): Problem;
  /** A problem at the key itself. */
  atKey(path: PlanPath, message: string, hint?: string): Problem;
}

type Report = (offset: number, message: string, hint?: string) => Problem;

export function readPlanText(text: string): PlanText {
  const counter = new LineCounter();
  const report: Report = (offset, message, hint) => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), message, hint };
  };
  if (Buffer.byteLength(text) > LARGEST_BYTES)
    return broken([report(0, `the file is larger than ${String(LARGEST_BYTES / 1_048_576)} MB`)]);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: counter, prettyErrors: false, merge: false });
  } catch (error) {
    // The parser is recursive: a text of nothing but brackets exhausts the stack.
    if (error instanceof RangeError) return broken([report(0, tooDeep())]);
    throw error;
  }
  const complaints = [...document.errors, ...document.warnings].map(({ code, pos, message }) =>
    report(pos[0], YAML_WORDS[code] ?? `not valid YAML: ${message.replace(/\.?\s*$/, "")}`),
  );
  if (document.contents === null && complaints.length === 0)
    return broken([report(0, "the plan is empty", "`maider-sweep init` writes one to start from")]);
  const problems = complaints.length > 0 ? complaints : limits(document, report);
  if (problems.some(({ message }) => message !== YAML_WORDS["DUPLICATE_KEY"]))
    return broken(problems);
  const value = plainValue(document);
  if (value instanceof ReferenceError)
    return broken([report(firstAlias(document), "the aliases stand for too many values")]);
  return {
    value,
    problems,
    at: (path, ...words) => report(offsetOf(document, path, "value"), ...words),
    atKey: (path, ...words) => report(offsetOf(document, path, "key"), ...words),
  };
}

/** Aliases of aliases can stand for millions of values; the library counts them and gives up. */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    if (error instanceof ReferenceError) return error;
    throw error;
  }
}

function firstAlias(document: Document.Parsed): number {
  let offset = 0;
  visit(document, {
    Alias(_key, node) {
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function broken(problems: readonly Problem[]): PlanText {
  const first = problems[0];
  if (first === undefined) throw new Error("a broken plan has a problem");
  return { value: undefined, problems, at: () => first, atKey: () => first };
}

const YAML_WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands twice in one place",
  MULTIPLE_DOCS: "a plan is one YAML document, and here begins a second",
  TAB_AS_INDENT: "tabs cannot indent YAML",
  TAG_RESOLVE_FAILED: "tags (`!…`) have no meaning in a plan",
};

function tooDeep(): string {
  return `nested deeper than ${String(DEEPEST)} levels`;
}

/** What the parser lets through and a plan has no use for. */
function limits(document: Document.Parsed, report: Report): Problem[] {
  const problems: Problem[] = [];
  const startOf = (node: unknown): number => (node as Node).range?.[0] ?? 0;
  let nodes = 0;
  let aliases = 0;
  visit(document, (_key, node, ancestors) => {
    if (isPair(node)) {
      if (!isScalar(node.key))
        problems.push(report(startOf(node.key), "a key must be a plain word"));
      return undefined;
    }
    nodes += 1;
    if (isAlias(node)) {
      aliases += 1;
      if (node.resolve(document) === undefined)
        problems.push(
          report(startOf(node), `no anchor \`&${node.source}\` stands before this alias`),
        );
      if (aliases > MOST_ALIASES)
        problems.push(report(startOf(node), `more than ${String(MOST_ALIASES)} aliases`));
    }
    if (nodes > MOST_NODES)
      problems.push(report(startOf(node), `more than ${String(MOST_NODES)} values`));
    if (
      ancestors.filter((ancestor) => isCollection(ancestor)).length >= DEEPEST &&
      isCollection(node)
    )
      problems.push(report(startOf(node), tooDeep()));
    if (isScalar(node) && typeof node.value === "string" && CONTROL.test(node.value))
      problems.push(
        report(startOf(node), "line breaks and control characters are not allowed in a text"),
      );
    return problems.length > 0 && nodes > MOST_NODES ? visit.BREAK : undefined;
  });
  return problems.slice(0, 20);
}

/** Where a path stands: itself, or what is nearest to it on the way down. */
function offsetOf(document: Document.Parsed, path: PlanPath, want: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) return offset;
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      : undefined;
    const next: unknown = isMap(node) ? (pair?.value ?? pair?.key) : node.items[Number(step)];
    const found =
      want === "key" && depth === path.length - 1 && pair !== undefined ? pair.key : next;
    const start = (found as Node | undefined)?.range?.[0];
    if (start === undefined) return offset;
    offset = start;
    node = next;
  }
  return offset;
}
