import { describe, expect, it } from "vitest";
import { type MachineError } from "../../src/machine/machine.ts";
import { connectSsh } from "../../src/machine/ssh-link.ts";
import { type Clock, realClock } from "../../src/support/clock.ts";
import { startFreezingProxy } from "./freezing-proxy.ts";
import {
  killedCommandContract,
  SHELL_COMMANDS,
  sshContract,
  type SshServerUnderTest,
  withShellAndVllm,
} from "./ssh-contract.ts";
import { type Answer, startSshServer } from "./ssh-server.ts";

const never = new AbortController().signal;

const shell = (command: string, stdin: string): Answer => {
  switch (command) {
    case SHELL_COMMANDS.fails.line:
      return { code: 7, stdout: "partial\n", stderr: "why it failed\n" };
    case SHELL_COMMANDS.large.line:
      return { code: 0, stdout: Buffer.alloc(900_000, "x") };
    case SHELL_COMMANDS.reads.line:
      return { code: 0, stdout: stdin };
    case SHELL_COMMANDS.killed:
      return { code: null, stdout: "partial\n" };
    case "no-such-program":
      return { code: 127, stderr: "bash: line 1: no-such-program: command not found\n" };
    case "colourful":
      return { code: 7, stderr: "why it \u001b[31mfailed\n" };
    default:
      return { code: undefined };
  }
};
const start = async (): Promise<SshServerUnderTest> =>
  withShellAndVllm(await startSshServer(shell));

sshContract("ssh2's server", start);
killedCommandContract("ssh2's server", start);

describe("an SSH connection", () => {
  const ceilings = (table: Record<number, number>): Clock => ({
    ...realClock(),
    ceiling: (ms) => table[ms] ?? ms,
  });

  it("removes terminal sequences from a command's error message", async () => {
    const server = await startSshServer(shell);
    const link = await connectSsh(server.target, realClock(), never);
    const error = await link.run("colourful", {}, never).catch((e: unknown) => e as MachineError);
    expect((error as MachineError).message).toContain("why it failed");
    expect((error as MachineError).message).not.toContain("\u001b");
    await link.close();
    await server.close();
  });

  it("runs `true` first, since OpenSSH sets TCP_NODELAY only for a session", async () => {
    const server = await startSshServer(shell);
    const link = await connectSsh(server.target, realClock(), never);
    expect(server.commands).toEqual([{ command: "true", stdin: "" }]);
    await link.close();
    await server.close();
  });

  it("times out a command that is never answered, and stays usable", async () => {
    const server = await startSshServer(shell);
    const link = await connectSsh(server.target, ceilings({ 77: 30 }), never);
    await expect(link.run("hangs", { ceilingMs: 77 }, never)).rejects.toMatchObject({
      kind: "timeout",
    });
    expect((await link.run("cat", { stdin: "on" }, never)).toString()).toBe("on");
    await link.close();
    await server.close();
  });

  it("ends a command when its signal is aborted, with the signal's reason", async () => {
    const server = await startSshServer(shell);
    const link = await connectSsh(server.target, realClock(), never);
    const control = new AbortController();
    const running = link.run("hangs", {}, control.signal);
    control.abort(new Error("the user stopped it"));
    await expect(running).rejects.toThrow("the user stopped it");
    await expect(link.run("cat", {}, control.signal)).rejects.toThrow("the user stopped it");
    await link.close();
    await server.close();
  });

  it("times out a server that accepts the connection and sends nothing", async () => {
    const silent = await startSshServer(shell);
    const proxy = await startFreezingProxy(silent.target.host, silent.target.port);
    proxy.freeze();
    await expect(
      connectSsh({ ...silent.target, port: proxy.port }, ceilings({ 15_000: 50 }), never),
    ).rejects.toMatchObject({ kind: "timeout" });
    proxy.close();
    await silent.close();
  });

  it("reports a closed port as unreachable", async () => {
    const server = await startSshServer(shell);
    await server.close();
    await expect(connectSsh(server.target, realClock(), never)).rejects.toMatchObject({
      kind: "unreachable",
    });
  });

  it("reports its loss if the server closes it, but not if we do", async () => {
    const server = await startSshServer(shell);
    const dropped = await connectSsh(server.target, realClock(), never);
    server.drop();
    expect(await dropped.lost).toMatchObject({ kind: "link_lost" });
    const closed = await connectSsh(server.target, realClock(), never);
    await closed.close();
    await closed.close();
    const first = await Promise.race([closed.lost, Promise.resolve("still pending")]);
    expect(first).toBe("still pending");
    await expect(closed.run("true", {}, never)).rejects.toMatchObject({ kind: "link_lost" });
    await server.close();
  });

  it("can be closed even if the peer is frozen", async () => {
    const server = await startSshServer(shell);
    const proxy = await startFreezingProxy(server.target.host, server.target.port);
    const link = await connectSsh({ ...server.target, port: proxy.port }, realClock(), never);
    proxy.freeze();
    await link.close();
    await expect(link.run("true", {}, never)).rejects.toMatchObject({ kind: "link_lost" });
    proxy.close();
    await server.close();
  });
});
