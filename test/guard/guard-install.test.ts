import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordReaperRun, reaperWarning } from "../../src/guard/reaper-activity.ts";
import { speak } from "../cli/fake-terminal.ts";

const TOKEN = "canary-token";

/** A home with programs of its own: a stand-in writes down what it is asked, and keeps what it is given. */
function home(programs: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "mds guard-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
  const state = join(folder, "100% state");
  const env = {
    HOME: folder,
    PATH: [bin, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
    MAIDER_SWEEP_STATE: state,
    ASKED: join(folder, "asked"),
    TABLE: join(folder, "table"),
  };
  return {
    state,
    tokenFile,
    guard: (...argv: readonly string[]) => speak(["guard", ...argv], env),
    units: join(folder, ".config", "systemd", "user"),
    asked: () => readFileSync(env.ASKED, "utf8").trim().split("\n"),
    table: () => readFileSync(env.TABLE, "utf8"),
    bytes: () => readFileSync(env.TABLE, "latin1"),
    seed: (text: string | Buffer) => {
      writeFileSync(env.TABLE, text);
    },
  };
}

const SYSTEMCTL = { systemctl: 'echo "$*" >> "$ASKED"' };
const CRONTAB = {
  systemctl: "exit 1",
  crontab: 'if [ "$1" = -l ]; then cat "$TABLE"; else cat > "$TABLE"; fi',
};

/** A crontab that takes a table and shows none. */
function unreadable(complaint: string): string {
  return `if [ "$1" = -l ]; then echo "${complaint}" >&2; exit 1; else cat > "$TABLE"; fi`;
}

describe("guard install", () => {
  it("writes units for systemd, starts the timer, and takes them away again", async () => {
    const { guard, tokenFile, units, asked } = home(SYSTEMCTL);
    expect(await guard("install", "--token-file", tokenFile, "--every", "5")).toMatchObject({
      code: 0,
    });
    const service = readFileSync(join(units, "maider-sweep-reap.service"), "utf8");
    const [, command = ""] = /^ExecStart=(.*)$/m.exec(service) ?? [];
    expect(command).toMatch(
      / reap --token-file "[^"]*token" --state-dir "[^"]*100%% state" --quiet$/,
    );
    expect(service).not.toContain(TOKEN);
    expect(readFileSync(join(units, "maider-sweep-reap.timer"), "utf8")).toMatch(
      /^OnUnitActiveSec=5min$/m,
    );
    expect(asked()).toContain("--user enable --now maider-sweep-reap.timer");
    expect((await guard("status")).stdout).toMatch(/^timer: systemd\n.*none\n$/);
    expect(await guard("uninstall")).toMatchObject({ code: 0, stdout: "removed: systemd\n" });
    expect(asked()).toContain("--user disable --now maider-sweep-reap.timer");
    expect(readdirSync(units)).toEqual([]);
  });

  it("adds one line to the crontab, however often, and leaves the others alone", async () => {
    const { guard, tokenFile, table, seed } = home(CRONTAB);
    seed("0 4 * * * backup\n");
    for (let i = 0; i < 2; i += 1)
      expect(await guard("install", "--token-file", tokenFile)).toMatchObject({ code: 0 });
    const lines = table().trim().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe("0 4 * * * backup");
    expect(lines[1]).toMatch(
      /^\*\/10 \* \* \* \* .* reap --token-file '.*' --state-dir '.*100\\% state' --quiet # maider-sweep reap$/,
    );
    expect(table()).not.toContain(TOKEN);
    expect((await guard("status", "--json")).stdout).toBe('{"timers":["cron"],"last_pass":null}\n');
    expect(await guard("uninstall")).toMatchObject({ code: 0 });
    expect(table()).toBe("0 4 * * * backup\n");
  });

  it.each(["\n# mine\n\n0 4 * * * caf\xe9\n\n\n", "", "\n", "MAILTO=me  \n"])(
    "keeps the lines of %j byte for byte",
    async (mine) => {
      const { guard, tokenFile, bytes, seed } = home(CRONTAB);
      seed(Buffer.from(mine, "latin1"));
      for (let i = 0; i < 2; i += 1) await guard("install", "--token-file", tokenFile);
      expect(bytes()).toMatch(/ # maider-sweep reap\n$/);
      expect(bytes().startsWith(mine)).toBe(true);
      expect(await guard("uninstall")).toMatchObject({ code: 0 });
      expect(bytes()).toBe(mine);
    },
  );

  it("takes only 'no crontab for' for an empty table, and touches none that it cannot read", async () => {
    const none = home({ ...CRONTAB, crontab: unreadable("no crontab for me") });
    expect(await none.guard("status")).toMatchObject({ code: 0 });
    expect(await none.guard("uninstall")).toMatchObject({
      code: 0,
      stdout: "nothing is installed\n",
    });
    expect(await none.guard("install", "--token-file", none.tokenFile)).toMatchObject({ code: 0 });
    expect(none.table()).toContain("# maider-sweep reap");

    const broken = home({
      ...CRONTAB,
      crontab: unreadable("crontab: cannot open spool: Input/output error"),
    });
    broken.seed("0 4 * * * backup\n");
    for (const argv of [
      ["install", "--with", "cron", "--token-file", broken.tokenFile],
      ["uninstall"],
      ["status"],
    ]) {
      const { code, stdout, stderr } = await broken.guard(...argv);
      expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
      expect(stderr).toContain("cannot open spool: Input/output error");
      expect(broken.table()).toBe("0 4 * * * backup\n");
    }
  });

  it.each([
    ["1", "*/1 * * * *"],
    ["30", "*/30 * * * *"],
    ["60", "0 * * * *"],
    ["180", "0 */3 * * *"],
    ["1440", "0 0 * * *"],
  ])("writes --every %s as %s for cron", async (every, time) => {
    const { guard, tokenFile, table, seed } = home(CRONTAB);
    seed("");
    await guard("install", "--token-file", tokenFile, "--every", every);
    expect(table().startsWith(`${time} /`) || table().startsWith(`${time} '`)).toBe(true);
  });

  it.each(["7", "45", "61", "90", "300", "1441"])(
    "refuses --every %s with cron, which cannot keep it, and names what works",
    async (every) => {
      const { guard, tokenFile, table, seed } = home(CRONTAB);
      seed("0 4 * * * backup\n");
      for (const more of [[], ["--dry-run"]]) {
        const argv = ["--token-file", tokenFile, "--with", "cron", "--every", every, ...more];
        const { code, stderr } = await guard("install", ...argv);
        expect(code).toBe(2);
        expect(stderr).toMatch(/30, 60, 120/);
      }
      expect(table()).toBe("0 4 * * * backup\n");
    },
  );

  it.each(["7", "45", "90", "1441"])("keeps --every %s with systemd", async (every) => {
    const { guard, tokenFile, units } = home(SYSTEMCTL);
    const { code, stdout } = await guard("install", "--token-file", tokenFile, "--every", every);
    expect(code).toBe(0);
    expect(stdout).toContain(`every ${every} minutes`);
    const timer = readFileSync(join(units, "maider-sweep-reap.timer"), "utf8");
    // A calendar's step counts anew with each hour.
    expect(timer).not.toContain("OnCalendar");
    expect(timer).toMatch(new RegExp(`^OnActiveSec=1min\nOnUnitActiveSec=${every}min$`, "m"));
  });

  it("leaves no units behind when systemd does not take them", async () => {
    const { guard, tokenFile, units } = home({ systemctl: '[ "$2" = show-environment ]' });
    const { code } = await guard("install", "--token-file", tokenFile, "--with", "systemd");
    expect(code).toBe(4);
    expect(readdirSync(units)).toEqual([]);
    expect((await guard("status")).stdout).toMatch(/^timer: none/);
  });

  it("only shows what it would write under --dry-run", async () => {
    const { guard, tokenFile, units, asked } = home(SYSTEMCTL);
    const { code, stdout } = await guard("install", "--token-file", tokenFile, "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toMatch(/==> .*maider-sweep-reap\.service <==\n\[Unit\]/);
    expect(() => readdirSync(units)).toThrow("ENOENT");
    expect(asked()).toEqual(["--user show-environment"]);
  });

  it("takes no token that others can read, and none from the command line", async () => {
    const { guard, tokenFile } = home(SYSTEMCTL);
    expect(await guard("install")).toMatchObject({ code: 2 });
    chmodSync(tokenFile, 0o644);
    const refused = await guard("install", "--token-file", tokenFile);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`chmod 600 '${tokenFile}'`);
  });

  it("points elsewhere where there is neither systemd nor cron", async () => {
    const { guard, tokenFile } = home({ systemctl: "exit 1", crontab: "exit 127" });
    const systemd = await guard("install", "--token-file", tokenFile, "--with", "systemd");
    expect(systemd.code).toBe(4);
    expect(systemd.stderr).toContain("--dry-run shows");
  });
});

describe("a dear run without a reaper", () => {
  it("is told of it, until one shows life", async () => {
    const { state } = home({});
    mkdirSync(state);
    const now = Date.UTC(2026, 10, 24);
    expect(reaperWarning(19_000_000, state, now)).toBeUndefined();
    expect(reaperWarning(21_000_000, state, now)).toMatch(/maider-sweep guard install/);
    await recordReaperRun(state, now);
    expect(reaperWarning(21_000_000, state, now + 3_600_000)).toBeUndefined();
    expect(reaperWarning(21_000_000, state, now + 3 * 3_600_000)).toMatch(/\$21\.00/);
  });
});
