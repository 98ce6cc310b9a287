import { AGENT_PATH } from "../../../src/machine/agent-protocol.ts";
import { createCoefficients } from "../../../src/simulator/world/coefficients.ts";
import { createSshMachines } from "../../../src/simulator/ssh/ssh-machines.ts";
import type { SshServerUnderTest } from "../../machine/ssh-contract.ts";
import { ask, fixedLength, logIn } from "../ssh/ssh-login.ts";
import { clockAt, CODER_7B, serveJson, testVm } from "../ssh/test-vm.ts";

const SSH_PORT = 22_023;
/** Its log gets a line in ten seconds at most. */
const SPEED = 6_000;
/** As the agent reads a log: so much at once. */
const LOG_PIECE = 256 << 10;

/** A VM of the simulated cloud that has served for a while; every command is one that a real VM answers the same way. */
export async function startServingVm(): Promise<SshServerUnderTest> {
  const clock = clockAt(SPEED);
  const coefficients = createCoefficients({ seed: 1, delays: 1e-4 * SPEED });
  const face = createSshMachines({ clock: () => clock, sshPort: SSH_PORT, coefficients, seed: 1 });
  const vm = testVm(clock);
  await face.powerOn(vm, []);
  const login = await logIn(vm, SSH_PORT, vm.clientKey);
  const agent = async (verb: string, stdin?: string): Promise<string> =>
    (await login.run(`${AGENT_PATH} ${verb}`, stdin)).stdout;
  const until = async (verb: string, state: string): Promise<void> => {
    while ((JSON.parse(await agent(verb)) as { state: string }).state !== state);
  };
  await until("setup-status", "done");
  await agent("serve", JSON.stringify(serveJson()));
  await until("server-status", "running");
  const logged = async (): Promise<number> =>
    (JSON.parse(await agent("server-status")) as { log_bytes: number }).log_bytes;
  while ((await logged()) < LOG_PIECE) {
    for (let i = 0; i < 50; i += 1)
      await ask(await login.open(8000), "/v1/chat/completions", fixedLength(CODER_7B, 1));
  }
  login.end();

  return {
    target: {
      label: vm.label,
      host: vm.ipv4,
      port: SSH_PORT,
      hostKey: vm.hostKey.publicWire,
      clientKey: vm.clientKey.privateKey,
    },
    fails: { line: `${AGENT_PATH} serve`, stdin: "[1", code: 2, complaint: "refused" },
    large: { line: `${AGENT_PATH} server-log`, stdin: '{"from": 0}', bytes: LOG_PIECE },
    // Past the log's end there is nothing; cut short it would be no JSON.
    reads: {
      line: `${AGENT_PATH} server-log`,
      stdin: `{"from": ${String(2 ** 40)}${" ".repeat(100_000)}}`,
      prints: "",
    },
    vllm: { port: 8000, model: CODER_7B },
    close: () => face.close(),
  };
}
