#!/usr/bin/env node
import { createRequire, enableCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";

// What streams for hours and keeps little is held below 300 MB, and its pauses short, by a small young generation. V8
// heeds that only before it grows, and then refuses code that was cached without it: the other verbs start faster.
if (["run", "rebench", "up", "simulator"].includes(process.argv[2] ?? "")) {
  setFlagsFromString("--max-semi-space-size=2");
  setFlagsFromString("--semi-space-growth-factor=1");
}
enableCompileCache();
// Quicker than `import`, whose loader would be started for nothing.
const { main } = createRequire(import.meta.url)("../dist/cli/main.js");

await main(process.argv.slice(2));
