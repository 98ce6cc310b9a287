import {
  isAlias,
  isCollection,
  isNode,
  isPair,
  isScalar,
  visit,
  type Document,
  type Node,
  type Scalar,
} from "yaml";
import type { Problem } from "./coverage-plan.ts";

const MAX_DEPTH = 20;
const MAX_NODES = 20_000;
export const MAX_ALIASES = 100;
/** Line breaks and control characters. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

export const TOO_DEEP = `nested deeper than ${String(MAX_DEPTH)} levels`;
const TAGGED = "tags (`!...`) have no meaning in a plan";

/** Creates a problem at an offset in the text. */
export type Report = (offset: number, message: string, hint?: string) => Problem;

/** Rejects valid YAML that a plan does not need: tags, deep nesting, many values or aliases, control characters. */
export function planLimits(document: Document.Parsed, report: Report): readonly Problem[] {
  const problems: Problem[] = [];
  const complain = (node: unknown, message: string): void => {
    problems.push(report((node as Node | null)?.range?.[0] ?? 0, message));
  };
  let nodes = 0;
  let aliases = 0;
  visit(document, (_key, node, ancestors) => {
    if (isPair(node)) {
      if (!isScalar(node.key)) complain(node.key, "a key must be a plain word");
      // The schema would not report it.
      else if (node.key.value === "__proto__") complain(node.key, "unknown key `__proto__`");
      return undefined;
    }
    nodes += 1;
    if (nodes > MAX_NODES) {
      complain(node, `more than ${String(MAX_NODES)} values`);
      return visit.BREAK;
    }
    if (isNode(node) && node.tag !== undefined) complain(node, TAGGED);
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > MAX_ALIASES) {
        complain(node, `more than ${String(MAX_ALIASES)} aliases`);
        return visit.BREAK;
      }
      if (node.resolve(document) === undefined)
        complain(node, `there is no anchor \`&${node.source}\` before this alias`);
    }
    if (
      isCollection(node) &&
      ancestors.filter((above) => isCollection(above)).length === MAX_DEPTH
    ) {
      complain(node, TOO_DEEP);
      return visit.SKIP;
    }
    if (isScalar(node) && typeof node.value === "string" && CONTROL.test(node.value))
      complain(
        node,
        `${placeOf(node, ancestors)}line breaks and control characters are not allowed`,
      );
    return undefined;
  });
  return problems;
}

/** The key that a value belongs to, for a message. */
function placeOf(text: Scalar, ancestors: readonly unknown[]): string {
  const pair = ancestors.findLast((above) => isPair(above));
  if (pair === undefined) return "";
  if (pair.key === text || !isScalar(pair.key)) return "in a key: ";
  const name = String(pair.key.value);
  return CONTROL.test(name) ? "" : `\`${name}\`: `;
}
