import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { ExitCode, SweepError } from "../support/errors.ts";
import { AGENT_PATH } from "./agent-protocol.ts";
import { isImageReference } from "./image-reference.ts";
import type { SshKey } from "./keys.ts";

/** Linode refuses more, counted before base64 (cluster-api-provider-linode, `maxBootstrapDataBytesCloudInit`). */
const MOST_BYTES = 16_384;
const SETUP_PATH = "/opt/maider-sweep/setup";

/**
 * What cloud-init does on the first boot: our host key in place of the image's own, the two programs, the set-up.
 * JSON is YAML, so nothing is ever pasted into a template. The metadata service shows this text to any process on
 * the VM: it holds no secret but the VM's own host key.
 * @throws SweepError when the image's name is none, or the text is larger than the API takes.
 */
export function buildUserData(request: {
  readonly hostKey: SshKey;
  readonly image: string;
}): string {
  const { hostKey, image } = request;
  if (!isImageReference(image)) {
    throw new SweepError(`"${image}" is not the name of a container image`, {
      exitCode: ExitCode.usage,
      hint: "Write it as vllm/vllm-openai:v0.27.1, or with @sha256:... behind it.",
    });
  }
  const text = `#cloud-config\n${JSON.stringify({
    // Only these are written, no other types are generated, and the image's are deleted (cloud-init, cc_ssh.py).
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicLine },
    ssh_deletekeys: true,
    ssh_pwauth: false,
    // Ubuntu's default would put a "log in as ubuntu" command before root's key.
    disable_root: false,
    // A kernel other than the running one would have no driver until a reboot.
    package_update: false,
    package_upgrade: false,
    write_files: [
      program(SETUP_PATH, "setup.sh"),
      program(AGENT_PATH, "agent.py"),
      {
        path: "/opt/maider-sweep/setup.json",
        permissions: "0644",
        content: JSON.stringify({ image }),
      },
    ] satisfies WrittenFile[],
    runcmd: [[SETUP_PATH, "start"]],
  })}\n`;
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) {
    throw new SweepError("The VM's user-data is too large", {
      exitCode: ExitCode.bug,
      reason: `${String(bytes)} bytes, and Linode takes ${String(MOST_BYTES)}`,
    });
  }
  return text;
}

interface WrittenFile {
  readonly path: string;
  readonly permissions: string;
  readonly encoding?: "gz+b64";
  readonly content: string;
}

/** Packed, since both programs together are larger than the API takes. */
function program(path: string, template: string): WrittenFile {
  const source = readFileSync(new URL(`../../templates/${template}`, import.meta.url));
  const content = gzipSync(source, { level: 9 }).toString("base64");
  return { path, permissions: "0755", encoding: "gz+b64", content };
}
