// A reporter for vitest that writes what failed, with its first line, as JSON to $FAILURE_REPORT. The JSON reporter that
// comes with vitest leaves out errors of hooks and errors outside a test.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const firstLine = (error) =>
  stripVTControlCharacters(error?.message ?? String(error))
    .trim()
    .split("\n")[0]
    .slice(0, 200);

function failuresIn(module) {
  const file = relative(process.cwd(), module.moduleId);
  const failures = module.errors().map((error) => ({ name: file, message: firstLine(error) }));
  for (const one of module.children.allSuites())
    for (const error of one.errors())
      failures.push({ name: `${file} > ${one.fullName}`, message: firstLine(error) });
  for (const one of module.children.allTests("failed"))
    failures.push({
      name: `${file} > ${one.fullName}`,
      message: firstLine(one.result().errors?.[0] ?? "it failed without an error"),
    });
  return failures;
}

export default class FailureReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const failures = modules.flatMap(failuresIn);
    for (const error of unhandledErrors)
      failures.push({ name: "outside a test", message: firstLine(error) });
    const passed = modules.flatMap((one) => [...one.children.allTests("passed")]).length;
    writeFileSync(process.env.FAILURE_REPORT, JSON.stringify({ passed, failures }));
  }
}
