import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { ExitCode, SweepError } from "../support/errors.ts";
import { AGENT_PATH } from "./agent-protocol.ts";
import type { SshKey } from "./keys.ts";

/** Linode's limit, before base64 encoding (cluster-api-provider-linode, `maxBootstrapDataBytesCloudInit`). */
const MAX_BYTES = 16_384;
const SETUP_PATH = "/opt/maider-sweep/setup";

/**
 * Builds the cloud-init configuration of a VM: it installs our host key in place of the generated ones, writes our two
 * programs and starts the set-up. The YAML is written as JSON, so that no value is inserted into a template. Any process
 * on the VM can read this text from the metadata service, so its only secret is the VM's own host key.
 * @throws SweepError if the image's name is invalid, or the text is larger than the API accepts
 */
export function buildUserData(request: {
  readonly hostKey: SshKey;
  readonly image: string;
}): string {
  const { hostKey, image } = request;
  if (!isImageReference(image)) {
    throw new SweepError(`"${image}" is not the name of a container image`, {
      exitCode: ExitCode.usage,
      hint: "Write it like vllm/vllm-openai:v0.27.1, optionally followed by @sha256:...",
    });
  }
  const text = `#cloud-config\n${JSON.stringify({
    // With these, cloud-init generates no other host keys and deletes the image's own (cc_ssh.py).
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicLine },
    ssh_deletekeys: true,
    ssh_pwauth: false,
    // Ubuntu's default would replace root's login by a message to log in as ubuntu.
    disable_root: false,
    // The driver would be installed for a newer kernel, which runs only after a reboot.
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
  if (bytes > MAX_BYTES) {
    throw new SweepError("The VM's user-data is too large", {
      exitCode: ExitCode.bug,
      reason: `${String(bytes)} bytes, but Linode accepts at most ${String(MAX_BYTES)}`,
    });
  }
  return text;
}

/** Optional registry, path, optional tag and digest: the common part of the grammar of distribution/reference. */
const IMAGE_REFERENCE =
  /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

function isImageReference(text: string): boolean {
  return text.length <= 255 && IMAGE_REFERENCE.test(text) && !text.includes("\n");
}

interface WrittenFile {
  readonly path: string;
  readonly permissions: string;
  readonly encoding?: "gz+b64";
  readonly content: string;
}

/** Compressed, since both programs together exceed the API's limit. */
function program(path: string, template: string): WrittenFile {
  const source = readFileSync(new URL(`../../templates/${template}`, import.meta.url));
  const content = gzipSync(source, { level: 9 }).toString("base64");
  return { path, permissions: "0755", encoding: "gz+b64", content };
}
