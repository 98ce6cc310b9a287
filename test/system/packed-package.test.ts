import { execFile } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startReferenceServer } from "../support/reference-server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const run = promisify(execFile);

let folder: string;
let tarball: string;
const env = (): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: folder,
  MAIDER_SWEEP_DB: join(folder, "benchmark-database.json"),
  MAIDER_SWEEP_STATE: join(folder, "state"),
});
const node = async (...argv: readonly string[]): Promise<string> =>
  (await run(process.execPath, argv, { cwd: folder, env: env() })).stdout;

/** What the compiler says. */
const complaints = (...argv: readonly string[]): Promise<string> =>
  node(TSC, ...argv).catch((error: { readonly stdout: string }) => error.stdout);

/** The examples of docs/library.md, in its order. */
const examples = (): readonly string[] =>
  [...readFileSync(join(ROOT, "docs/library.md"), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, text]) => text ?? "",
  );

// As a user gets it: packed by npm, installed by npm in an empty folder, with its dependencies from the registry.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mds-packed-"));
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  await run("npm", pack, { cwd: ROOT });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  writeFileSync(join(folder, "package.json"), '{"name":"user","private":true,"type":"module"}');
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", ["install", ...quiet, tarball], { cwd: folder });
  cpSync(
    join(ROOT, "fixtures/benchmark-database.v1.json"),
    join(folder, "benchmark-database.json"),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the packed package", () => {
  test("is small and holds no tests, sources or secrets", async () => {
    const { stdout } = await run("tar", ["-tzf", tarball]);
    const files = stdout.trim().split("\n");
    expect(files).toContain("package/dist/index.d.ts");
    expect(files).toContain("package/templates/report/page.js");
    expect(files.filter((name) => /^package\/(test|src|fixtures|\.)/.test(name))).toEqual([]);
    expect(statSync(tarball).size).toBeLessThan(2_000_000);
  });

  test("has types that the examples of docs/library.md agree with", async () => {
    expect(examples()).toHaveLength(2);
    for (const [index, text] of examples().entries())
      writeFileSync(join(folder, `example-${String(index)}.ts`), text);
    const strict =
      "--noEmit --strict --exactOptionalPropertyTypes --module nodenext --target es2023";
    const files = examples().map((_, index) => `example-${String(index)}.ts`);
    // The library of a browser only for `console`; declarations are checked too.
    const argv = [...strict.split(" "), "--lib", "es2024,dom", "--types", ""];
    expect(await complaints(...argv, ...files)).toBe("");
    writeFileSync(
      join(folder, "wrong.ts"),
      'import { openBenchmarkDatabase } from "maider-sweep";\n(await openBenchmarkDatabase()).getBestByMetric({ metric: "beauty" });\n',
    );
    expect(await complaints(...argv, "wrong.ts")).toContain('"beauty"');
  });

  test("answers the example of the database as the database says", async () => {
    const lines = (await node("example-0.ts")).trim().split("\n");
    const { benchmarks } = JSON.parse(
      readFileSync(join(folder, "benchmark-database.json"), "utf8"),
    ) as { benchmarks: { gpu_type: string; model_category: string }[] };
    const wanted = benchmarks.filter(
      (one) => one.gpu_type === "g1-gpu-rtx6000-2" && one.model_category === "70b",
    );
    expect(wanted.length).toBeGreaterThan(0);
    expect(lines[0]).toBe(`${String(wanted.length)} of ${String(benchmarks.length)} results`);
    expect(lines.at(-1)).toMatch(/^GPU types tested: [1-9]\d?\/13$/);
    expect(lines.length).toBeGreaterThan(2);
  });

  test("times a prompt as the example does", async () => {
    const server = await startReferenceServer({ ttftMs: 20, tpotMs: 1, model: "coder" });
    try {
      const file = join(folder, "prompt.ts");
      const text = examples()[1] ?? "";
      expect(text).toContain("http://localhost:8000/v1");
      writeFileSync(file, text.replace("http://localhost:8000/v1", `${server.url}/v1`));
      const [performance, cost] = (await node(file)).trim().split("\n");
      const speed = Number(/^Performance: ([\d.]+) tok\/sec$/.exec(performance ?? "")?.[1]);
      expect(speed).toBeGreaterThan(0);
      expect(cost).toBe(`Cost: $${((3 / (speed * 3600)) * 1000).toFixed(4)}/1K tokens`);
    } finally {
      await server.close();
    }
  });

  test("has no result, and a reason, when nobody answers", async () => {
    const file = join(folder, "nobody.ts");
    writeFileSync(
      file,
      'import { runSinglePrompt } from "maider-sweep";\nconst result = await runSinglePrompt({ apiBase: "http://127.0.0.1:9/v1", prompt: "p", model: "m", onFailure: console.log });\nconsole.log(result);\n',
    );
    expect(await node(file)).toMatch(/cannot be reached[^]*undefined\n$/);
  });

  test("brings a program that runs, with the files that it reads", async () => {
    const bin = join(folder, "node_modules/.bin/maider-sweep");
    expect(await node(bin, "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
    await node(bin, "report", "-o", "report.html");
    expect(readFileSync(join(folder, "report.html"), "utf8")).toContain('<h2 id="money">');
    expect(await node(bin, "benchmark-status")).toContain("Benchmark Coverage");
  });
});
