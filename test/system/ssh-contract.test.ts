import {
  killedCommandContract,
  type SshServerUnderTest,
  sshContract,
  withShellAndVllm,
} from "../machine/ssh-contract.ts";
import { startServingVm } from "../simulator/vllm/serving-vm.ts";
import { startSshd } from "./sshd.ts";

const start = async (): Promise<SshServerUnderTest> => withShellAndVllm(await startSshd());

sshContract("OpenSSH's sshd", start);
sshContract("the simulated cloud's VM", startServingVm);
killedCommandContract("OpenSSH's sshd", start);
