import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { speak, type Spoken } from "../fake-terminal.ts";

let home: string;
const path = process.env["PATH"] ?? "";

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mds-report-verb-"));
  copyFileSync("fixtures/benchmark-database.v1.json", join(home, "db.json"));
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(home, { recursive: true, force: true });
});

const page = (): string => join(home, "report.html");
const report = (...argv: string[]): Promise<Spoken> =>
  speak(["report", "-o", page(), ...argv], {
    HOME: home,
    MAIDER_SWEEP_DB: join(home, "db.json"),
    MAIDER_SWEEP_STATE: join(home, "state"),
  });

test("report writes one page, names it on stdout, and touches nothing else", async () => {
  const database = readFileSync(join(home, "db.json"), "utf8");
  expect(await report()).toEqual({ code: 0, stdout: `${page()}\n`, stderr: "" });
  const html = readFileSync(page(), "utf8");
  expect(html).toContain('<h2 id="decision">');
  expect(html).not.toContain("SIMULATED:");
  expect(html).not.toContain(home);
  expect(readFileSync(join(home, "db.json"), "utf8")).toBe(database);
  expect(existsSync(join(home, "state"))).toBe(false);
});

test("--json tells the page's size and what is in it", async () => {
  const { stdout } = await report("--json");
  const told = JSON.parse(stdout) as { bytes: number };
  expect(told).toMatchObject({ file: page(), runs: 0, simulated: false });
  expect(told.bytes).toBe(Buffer.byteLength(readFileSync(page())));
});

test("a damaged database still gives a page, which says so", async () => {
  writeFileSync(join(home, "db.json"), '{"version": "1.0", "benchmarks": [{"id"');
  const { code, stderr } = await report();
  expect(code).toBe(0);
  expect(stderr).toContain("warning: ");
  expect(readFileSync(page(), "utf8")).toContain('class="warning">');
  expect(readFileSync(page(), "utf8")).not.toContain(home);
});

test("a folder that is not there is told in three lines", async () => {
  const { code, stderr } = await speak(["report", "-o", join(home, "no", "report.html")], {
    HOME: home,
    MAIDER_SWEEP_DB: join(home, "db.json"),
    MAIDER_SWEEP_STATE: join(home, "state"),
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: .*could not be written\n {2}why: .*\n {2}try: .*-o\n$/);
});

test("--open hands the page to the system's opener, and says when that fails", async () => {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const bin = join(home, "bin");
  mkdirSync(bin);
  const standIn = (script: string): void => {
    writeFileSync(join(bin, opener), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, opener), 0o755);
  };
  process.env["PATH"] = `${bin}${delimiter}${path}`;
  standIn(`echo "$@" > ${join(home, "opened")}`);
  expect((await report("--open")).stderr).toBe("");
  expect(readFileSync(join(home, "opened"), "utf8")).toBe(`${page()}\n`);
  standIn("exit 3");
  const failed = await report("--open");
  expect(failed.code).toBe(0);
  expect(failed.stdout).toBe(`${page()}\n`);
  expect(failed.stderr).toContain("warning: it could not be opened");
  expect(failed.stderr).toContain(`try: open file://${page()} in a browser, or copy the file`);
  // Where there is none at all, as over SSH.
  process.env["PATH"] = home;
  const missing = await report("--open");
  expect(missing).toMatchObject({ code: 0, stdout: `${page()}\n` });
  expect(missing.stderr).toContain("ENOENT");
  expect(missing.stderr).toContain("in a browser, or copy the file");
});

test("a page whose name holds what a shell would obey is opened as that one file", async () => {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  writeFileSync(join(home, opener), `#!/bin/sh\necho "$#" "$@" > "${join(home, "opened")}"\n`);
  chmodSync(join(home, opener), 0o755);
  process.env["PATH"] = `${home}${delimiter}${path}`;
  const odd = join(home, "a $(touch canary); `touch canary` & b.html");
  expect((await report("--open", "-o", odd)).code).toBe(0);
  expect(readFileSync(join(home, "opened"), "utf8")).toBe(`1 ${odd}\n`);
});
