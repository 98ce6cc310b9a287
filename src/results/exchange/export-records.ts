import type { BenchmarkRecord } from "../../evidence/record.ts";
import { elementText } from "../store/element-text.ts";

/** Writes records as a JSON list, in parts, so that a large database does not become one string. */
export function* exportRecords(
  records: Iterable<BenchmarkRecord>,
  textOf: (record: BenchmarkRecord) => string = elementText,
): Iterable<string> {
  let before = "[";
  for (const record of records) {
    yield `${before}\n  ${indentedForList(textOf(record))}`;
    before = ",";
  }
  yield before === "[" ? "[]\n" : "\n]\n";
}

/** Adjusts the indentation of a record, which is larger in a database. Any other layout is left unchanged. */
function indentedForList(text: string): string {
  if (text.endsWith("\n    }")) return text.replaceAll("\n  ", "\n");
  return text.endsWith("\n}") ? text.replaceAll("\n", "\n  ") : text;
}
