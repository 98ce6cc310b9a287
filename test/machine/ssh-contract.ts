import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { generateSshKey } from "../../src/machine/keys.ts";
import type { MachineTarget } from "../../src/machine/machine.ts";
import { connectSsh, type SshLink } from "../../src/machine/ssh-link.ts";
import { type Clock, realClock } from "../../src/support/clock.ts";
import { startFreezingProxy } from "./freezing-proxy.ts";

/** A far side that answers `CONTRACT_COMMANDS` and forwards to ports of this machine's loopback. */
export interface SshServerUnderTest {
  readonly target: MachineTarget;
  /** Authentications that were tried so far. */
  authentications(): number | Promise<number>;
  close(): Promise<void>;
}

/** Real shell commands; a server without a shell answers them as one would. */
export const CONTRACT_COMMANDS = {
  seven: "echo partial; echo 'why it failed' >&2; exit 7",
  large: "head -c 900000 /dev/zero | tr '\\0' x",
  tooLarge: "head -c 3000000 /dev/zero | tr '\\0' x",
  echo: "cat",
  killed: "echo partial; kill -9 $$",
} as const;

/** The keepalive hurried, everything else unhurried. */
const impatient: Clock = { ...realClock(), ceiling: (ms) => (ms === 5_000 ? 100 : ms) };
const never = new AbortController().signal;

/** What any SSH server must be to us, and we to it. */
export function sshContract(name: string, start: () => Promise<SshServerUnderTest>): void {
  describe(`SSH contract: ${name}`, () => {
    let server: SshServerUnderTest;
    let echo: Server;
    const links: SshLink[] = [];

    beforeAll(async () => {
      server = await start();
      echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
      await once(echo, "listening");
    });
    afterEach(async () => {
      await Promise.all(links.splice(0).map((link) => link.close()));
    });
    afterAll(async () => {
      await server.close();
      echo.close();
    });
    const login = async (clock: Clock = realClock(), port = server.target.port) => {
      const link = await connectSsh({ ...server.target, port }, clock, never);
      links.push(link);
      return link;
    };

    it("refuses a wrong host key before any authentication", async () => {
      const before = await server.authentications();
      const target = { ...server.target, hostKey: generateSshKey("other").publicWire };
      await expect(connectSsh(target, realClock(), never)).rejects.toMatchObject({
        name: "MachineError",
        kind: "host_key",
      });
      expect(await server.authentications()).toBe(before);
    });

    it("tells an unknown client key from other failures", async () => {
      const target = { ...server.target, clientKey: generateSshKey("stranger").privateKey };
      await expect(connectSsh(target, realClock(), never)).rejects.toMatchObject({
        kind: "authentication",
      });
    });

    it("gives the exit code and the complaint of a command that fails", async () => {
      const link = await login();
      await expect(link.run(CONTRACT_COMMANDS.seven, {}, never)).rejects.toMatchObject({
        kind: "command",
        exitCode: 7,
        message: expect.stringContaining("why it failed") as string,
      });
    });

    it("loses no exit code, even when reply and end arrive in one packet", async () => {
      const link = await login();
      for (let i = 0; i < 50; i += 1) {
        expect((await link.run("true", {}, never)).toString()).toBe("");
      }
    });

    it("takes a command that ends without an exit code for no success", async () => {
      const link = await login();
      await expect(link.run(CONTRACT_COMMANDS.killed, {}, never)).rejects.toMatchObject({
        kind: "link_lost",
      });
    });

    it("hands standard input over and brings all of a large output", async () => {
      const link = await login();
      const text = "a line with $(dangerous) `text`\n".repeat(2_000);
      expect((await link.run(CONTRACT_COMMANDS.echo, { stdin: text }, never)).toString()).toBe(
        text,
      );
      expect(await link.run(CONTRACT_COMMANDS.large, {}, never)).toHaveLength(900_000);
    });

    it("stops at an output that is larger than allowed, and the link lives on", async () => {
      const link = await login();
      await expect(link.run(CONTRACT_COMMANDS.tooLarge, {}, never)).rejects.toMatchObject({
        kind: "command",
        message: expect.stringContaining("bytes of output") as string,
      });
      expect((await link.run(CONTRACT_COMMANDS.echo, { stdin: "on" }, never)).toString()).toBe(
        "on",
      );
    });

    it("streams through a tunnel: each message arrives before the next is sent", async () => {
      const link = await login();
      const channel = await link.open((echo.address() as AddressInfo).port, never);
      for (let i = 0; i < 100; i += 1) {
        channel.write(`token ${String(i)}`);
        const [answer] = (await once(channel, "data")) as [Buffer];
        expect(answer.toString()).toBe(`token ${String(i)}`);
      }
      channel.destroy();
    });

    it("carries many tunnels at once", async () => {
      const link = await login();
      const { port } = echo.address() as AddressInfo;
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const channel = await link.open(port, never);
          channel.write(String(i));
          const [answer] = (await once(channel, "data")) as [Buffer];
          channel.destroy();
          return Number(answer.toString());
        }),
      );
      expect(answers).toEqual(Array.from({ length: 40 }, (_, i) => i));
    });

    it("says so when nobody listens at the far end, and the link lives on", async () => {
      const idle = createServer().listen(0, "127.0.0.1");
      await once(idle, "listening");
      const { port } = idle.address() as AddressInfo;
      await new Promise((resolve) => idle.close(resolve));
      const link = await login();
      await expect(link.open(port, never)).rejects.toMatchObject({ kind: "unreachable" });
      expect((await link.run(CONTRACT_COMMANDS.echo, { stdin: "on" }, never)).toString()).toBe(
        "on",
      );
    });

    it("notices a peer that is frozen, and fails what was under way and what comes after", async () => {
      const proxy = await startFreezingProxy(server.target.host, server.target.port);
      const link = await login(impatient, proxy.port);
      proxy.freeze();
      const options = { stdin: "x", ceilingMs: 3_600_000 };
      const [underWay, lost] = await Promise.allSettled([
        link.run(CONTRACT_COMMANDS.echo, options, never),
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
