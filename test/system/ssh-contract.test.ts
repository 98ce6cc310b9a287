import { sshContract } from "../machine/ssh-contract.ts";
import { startSshd } from "./sshd.ts";

sshContract("OpenSSH's sshd", () => startSshd());
