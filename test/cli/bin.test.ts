import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { speak } from "./fake-terminal.ts";

const ROOT = new URL("../../", import.meta.url);
const BIN = fileURLToPath(new URL("bin/maider-sweep.js", ROOT));
const { engines } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8")) as {
  engines: { node: string };
};

/** What an older Node lacks is taken from this one. */
it.each([
  ["enableCompileCache", "module.enableCompileCache = undefined; module.syncBuiltinESMExports();"],
  [
    "require of modules",
    'Object.defineProperty(process.features, "require_module", { value: undefined });',
  ],
])("a Node without %s is told in one line which it must be", (_, lacking) => {
  const script = encodeURIComponent(`import module from "node:module"; ${lacking}`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${script}`, BIN, "--version"],
    { encoding: "utf8" },
  );
  expect(stderr).toBe(
    `error: maider-sweep needs Node ${engines.node}; this is ${process.version}\n`,
  );
  expect([status, stdout]).toEqual([2, ""]);
});

it("--help of the built program lists every verb", async () => {
  const { status, stdout } = spawnSync(process.execPath, [BIN, "--help"], { encoding: "utf8" });
  expect([status, stdout]).toEqual([0, (await speak(["--help"])).stdout]);
});

it("loads the file of the verb that is named, and of no other", () => {
  const hooks = `import { registerHooks } from "node:module";
registerHooks({
  load(url, context, next) {
    const name = /\\/cli\\/verbs\\/(.*)\\.js$/.exec(url)?.[1];
    if (name !== undefined) process.stderr.write(name + "\\n");
    return next(url, context);
  },
});`;
  const load = (...argv: readonly string[]) =>
    spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(hooks)}`, BIN, ...argv],
      { encoding: "utf8" },
    ).stderr;
  expect(load("run", "--help")).toBe("run\n");
  expect(load("--help")).toBe("");
});
