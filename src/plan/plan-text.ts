import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";
import type { Problem } from "./coverage-plan.ts";
import { MAX_ALIASES, planLimits, TOO_DEEP, type Report } from "./plan-limits.ts";

const MAX_BYTES = 1_048_576;

/** Keys and indices from the top of the document. */
export type PlanPath = readonly PropertyKey[];

/** A parsed YAML text. */
export interface PlanText {
  /** The parsed data; undefined if the text is not usable. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** A problem at the value of this path, or at its nearest ancestor in the file. */
  at(path: PlanPath, message: string, hint?: string): Problem;
  /** A problem at the key itself. */
  atKey(path: PlanPath, message: string, hint?: string): Problem;
}

export function readPlanText(text: string): PlanText {
  const counter = new LineCounter();
  const report: Report = (offset, message, hint) => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), message, hint };
  };
  if (Buffer.byteLength(text) > MAX_BYTES)
    return broken([report(0, `the file is larger than ${String(MAX_BYTES / 1_048_576)} MB`)]);
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    merge: false,
  });
  if (document.errors.some(({ message }) => message.includes("call stack")))
    // The parser is recursive and reports an exhausted stack with these words.
    return broken([report(0, TOO_DEEP)]);
  const complaints = document.errors.map(({ code, pos, message }) =>
    report(pos[0], yamlComplaint(code, message, text.slice(pos[0]))),
  );
  if (document.contents === null && complaints.length === 0)
    return broken([report(0, "the plan is empty", "`maider-sweep init` creates one")]);
  // After a duplicate key, the rest of the plan can still be checked; after other YAML errors it cannot.
  if (document.errors.some(({ code }) => code !== "DUPLICATE_KEY")) return broken(complaints);
  const exceeded = planLimits(document, report);
  if (exceeded.length > 0) return broken([...complaints, ...exceeded]);
  const value = plainValue(document);
  if (value instanceof ReferenceError)
    return broken([report(firstAlias(document), "the aliases expand to too many values")]);
  return {
    value,
    problems: complaints,
    at: (path, ...words) => report(offsetOf(document, path, "value"), ...words),
    atKey: (path, ...words) => report(offsetOf(document, path, "key"), ...words),
  };
}

/** Nested aliases can expand to millions of values; beyond a limit the library throws a ReferenceError. */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
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

const YAML_COMPLAINTS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "a plan must be a single YAML document, but a second one starts here",
  TAB_AS_INDENT: "tabs cannot indent YAML",
};

function yamlComplaint(code: string, message: string, from: string): string {
  if (code === "DUPLICATE_KEY") return `\`${/^[\w-]*/.exec(from)?.[0] ?? ""}\` is duplicated`;
  return YAML_COMPLAINTS[code] ?? `not valid YAML: ${message.replace(/\.?\s*$/, "")}`;
}

/** Offset of a path, or of its nearest ancestor in the file. */
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
