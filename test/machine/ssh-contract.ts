import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { generateSshKey } from "../../src/machine/keys.ts";
import type { MachineTarget } from "../../src/machine/machine.ts";
import { connectSsh, type SshLink } from "../../src/machine/ssh-link.ts";
import { startReferenceServer } from "../support/reference-server.ts";
import { type Clock, realClock } from "../../src/support/clock.ts";
import { ask, events, fixedLength } from "../simulator/ssh/ssh-login.ts";
import { startFreezingProxy } from "./freezing-proxy.ts";
import { SSH_MESSAGE, startWireTap } from "./wire-tap.ts";

/** A command line and its result. */
export interface Command {
  readonly line: string;
  readonly stdin?: string;
}

/** A server like a VM: SSH, a program that answers, and vLLM on a port of its loopback interface. */
export interface SshServerUnderTest {
  readonly target: MachineTarget;
  /** Exits with this code after printing this to stderr. */
  readonly fails: Command & { readonly code: number; readonly complaint: string };
  /** Prints this many bytes, in many packets. */
  readonly large: Command & { readonly bytes: number };
  /** Prints this and exits with 0 only if all of a long stdin has arrived. */
  readonly reads: Command & { readonly stdin: string; readonly prints: string };
  readonly vllm: { readonly port: number; readonly model: string };
  close(): Promise<void>;
}

/** The replies of a shell, which servers without a shell imitate. */
export const SHELL_COMMANDS = {
  fails: {
    line: "echo partial; echo 'why it failed' >&2; exit 7",
    code: 7,
    complaint: "why it failed",
  },
  large: { line: "head -c 900000 /dev/zero | tr '\\0' x", bytes: 900_000 },
  reads: {
    line: "cat",
    stdin: "a line with $(dangerous) `text`\n".repeat(3_000),
    prints: "a line with $(dangerous) `text`\n".repeat(3_000),
  },
  killed: "echo partial; kill -9 $$",
} as const;

/** A server that runs the commands of a shell, with a vLLM whose timing is known. */
export async function withShellAndVllm(server: {
  readonly target: MachineTarget;
  close(): Promise<void>;
}): Promise<SshServerUnderTest> {
  const vllm = await startReferenceServer({ ttftMs: 1, tpotMs: 0.05 });
  return {
    target: server.target,
    ...SHELL_COMMANDS,
    vllm,
    close: async () => {
      await Promise.all([server.close(), vllm.close()]);
    },
  };
}

/** Shortens the keepalive interval only. */
const impatient: Clock = { ...realClock(), ceiling: (ms) => (ms === 5_000 ? 100 : ms) };
const never = new AbortController().signal;

/** The contract between our SSH client and any SSH server. */
export function sshContract(name: string, start: () => Promise<SshServerUnderTest>): void {
  describe(`SSH contract: ${name}`, () => {
    let server: SshServerUnderTest;
    const links: SshLink[] = [];

    beforeAll(async () => {
      server = await start();
    });
    afterEach(async () => {
      await Promise.all(links.splice(0).map((link) => link.close()));
    });
    afterAll(async () => {
      await server.close();
    });
    const login = async (clock: Clock = realClock(), port = server.target.port, host?: string) => {
      const target = { ...server.target, port, host: host ?? server.target.host };
      const link = await connectSsh(target, clock, never);
      links.push(link);
      return link;
    };
    const livesOn = async (link: SshLink): Promise<void> => {
      expect((await link.run("true", {}, never)).toString()).toBe("");
    };

    it("refuses a wrong host key before any authentication", async () => {
      const tap = await startWireTap(server.target.host, server.target.port);
      const near = { ...server.target, host: "127.0.0.1", port: tap.port };
      const wrong = { ...near, hostKey: generateSshKey("other").publicWire };
      await expect(connectSsh(wrong, realClock(), never)).rejects.toMatchObject({
        name: "MachineError",
        kind: "host_key",
      });
      // Clients authenticate only after the key exchange.
      expect(tap.sent()).toContain(SSH_MESSAGE.keyExchange);
      expect(tap.sent()).not.toContain(SSH_MESSAGE.newKeys);
      await login(realClock(), tap.port, "127.0.0.1");
      expect(tap.sent()).toContain(SSH_MESSAGE.newKeys);
      tap.close();
    });

    it("reports an unknown client key as an authentication failure", async () => {
      const target = { ...server.target, clientKey: generateSshKey("stranger").privateKey };
      await expect(connectSsh(target, realClock(), never)).rejects.toMatchObject({
        kind: "authentication",
      });
    });

    it("reports the exit code and stderr of a command that fails", async () => {
      const link = await login();
      const { line, stdin, code, complaint } = server.fails;
      await expect(link.run(line, { stdin }, never)).rejects.toMatchObject({
        kind: "command",
        exitCode: code,
        message: expect.stringContaining(complaint) as string,
      });
    });

    it("reports 127 for a program that does not exist", async () => {
      const link = await login();
      await expect(link.run("no-such-program", {}, never)).rejects.toMatchObject({
        kind: "command",
        exitCode: 127,
        message: expect.stringContaining("not found") as string,
      });
    });

    it("reports the exit code even if output and exit arrive in one packet", async () => {
      const link = await login();
      for (let i = 0; i < 50; i += 1) {
        expect((await link.run("true", {}, never)).toString()).toBe("");
      }
    });

    it("sends all of a long stdin", async () => {
      const link = await login();
      const { line, stdin, prints } = server.reads;
      expect((await link.run(line, { stdin }, never)).toString()).toBe(prints);
    });

    it("receives all of a large output", async () => {
      const link = await login();
      const { line, stdin, bytes } = server.large;
      expect(await link.run(line, { stdin }, never)).toHaveLength(bytes);
    });

    it("stops reading an output that is too large, and the connection stays usable", async () => {
      const link = await login();
      const { line, stdin, bytes } = server.large;
      await expect(
        link.run(line, { stdin, maxBytes: Math.floor(bytes / 2) }, never),
      ).rejects.toMatchObject({
        kind: "command",
        message: expect.stringContaining("bytes of output") as string,
      });
      await livesOn(link);
    });

    it("streams through a tunnel: each reply arrives before the next request is sent", async () => {
      const link = await login();
      const channel = await link.open(server.vllm.port, never);
      for (let i = 0; i < 100; i += 1) {
        channel.write("GET /version HTTP/1.1\r\nHost: vllm\r\n\r\n");
        const [answer] = (await once(channel, "data")) as [Buffer];
        expect(answer.toString()).toContain("200 OK");
      }
      channel.destroy();
    });

    it("streams a reply of several megabytes without loss", async () => {
      const link = await login();
      const channel = await link.open(server.vllm.port, never);
      const tokens = 8_000;
      let pieces = 0;
      const body = fixedLength(server.vllm.model, tokens);
      const answer = await ask(channel, "/v1/chat/completions", body, () => (pieces += 1));
      const usages = events(answer.body).flatMap((event) =>
        event === "[DONE]"
          ? []
          : [(event["usage"] as { completion_tokens: number }).completion_tokens],
      );
      expect(answer.body.length).toBeGreaterThan(2 << 20);
      expect(usages.at(-1)).toBe(tokens);
      expect(usages).toEqual(usages.toSorted((a, b) => a - b));
      expect(pieces).toBeGreaterThan(50);
    });

    it("supports many tunnels in parallel", async () => {
      const link = await login();
      const answers = await Promise.all(
        Array.from({ length: 40 }, async () => {
          const channel = await link.open(server.vllm.port, never);
          const { status } = await ask(channel, "/health");
          channel.destroy();
          return status;
        }),
      );
      expect(answers).toEqual(Array.from({ length: 40 }, () => 200));
    });

    it("reports a closed port of the VM, and the connection stays usable", async () => {
      const idle = createServer().listen(0, "127.0.0.1");
      await once(idle, "listening");
      const { port } = idle.address() as AddressInfo;
      await new Promise((resolve) => idle.close(resolve));
      const link = await login();
      await expect(link.open(port, never)).rejects.toMatchObject({ kind: "unreachable" });
      await livesOn(link);
    });

    it("notices a frozen peer, and then fails both running and new calls", async () => {
      const proxy = await startFreezingProxy(server.target.host, server.target.port);
      const link = await login(impatient, proxy.port, "127.0.0.1");
      proxy.freeze();
      const [underWay, lost] = await Promise.allSettled([
        link.run("true", { ceilingMs: 3_600_000 }, never),
        link.lost,
      ]);
      expect(underWay).toMatchObject({ status: "rejected", reason: { kind: "link_lost" } });
      expect(lost).toMatchObject({ value: { kind: "link_lost" } });
      await expect(link.run("true", {}, never)).rejects.toMatchObject({ kind: "link_lost" });
      await expect(link.open(80, never)).rejects.toMatchObject({ kind: "link_lost" });
      proxy.close();
    });
  });
}

/** For servers whose commands can be killed. */
export function killedCommandContract(
  name: string,
  start: () => Promise<SshServerUnderTest>,
): void {
  it(`${name}: a command that ends without an exit code is no success`, async () => {
    const server = await start();
    const link = await connectSsh(server.target, realClock(), never);
    await expect(link.run(SHELL_COMMANDS.killed, {}, never)).rejects.toMatchObject({
      kind: "link_lost",
    });
    await link.close();
    await server.close();
  });
}
