#!/usr/bin/env node
import module from "node:module";
import { setFlagsFromString } from "node:v8";

const require = module.createRequire(import.meta.url);
// Older ones lack these, and would say so in words that help nobody.
if (module.enableCompileCache === undefined || process.features.require_module !== true) {
  const { engines } = require("../package.json");
  console.error(`error: maider-sweep needs Node ${engines.node}; this is ${process.version}`);
  process.exit(2);
}
// What streams for hours and keeps little is held below 300 MB, and its pauses short, by a small young generation. V8
// heeds that only before it grows, and then refuses code that was cached without it: the other verbs start faster.
if (["run", "rebench", "up", "simulator"].includes(process.argv[2] ?? "")) {
  setFlagsFromString("--max-semi-space-size=2");
  setFlagsFromString("--semi-space-growth-factor=1");
}
module.enableCompileCache();
// Quicker than `import`, whose loader would be started for nothing.
const { main } = require("../dist/cli/main.js");

await main(process.argv.slice(2));
