import type { BenchmarkRecord } from "../../evidence/record.ts";
import { elementText } from "../store/element-text.ts";

/** A JSON list of records, in pieces, so that a large database never becomes one string. */
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

/** Records in a database are indented by two more than in a list. Any other layout is left unchanged. */
function indentedForList(text: string): string {
  if (text.endsWith("\n    }")) return text.replaceAll("\n  ", "\n");
  return text.endsWith("\n}") ? text.replaceAll("\n", "\n  ") : text;
}
