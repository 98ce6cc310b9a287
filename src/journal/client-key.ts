import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../support/safe-file.ts";

const FILE = "client-key";

/** The SSH key of a run, as `ssh` keeps one: it opens all VMs of the run, and nothing else. */
export interface ClientKey {
  readonly publicLine: string;
  /** OpenSSH wire form, base64. */
  readonly publicWire: string;
  readonly privateKey: string;
}

/** Keeps it in the run's folder, for its owner alone, so that a resume can log in to VMs that still live. */
export async function saveClientKey(folder: string, key: ClientKey): Promise<void> {
  await writeFileAtomically(join(folder, `${FILE}.pub`), `${key.publicLine}\n`);
  await writeFileAtomically(join(folder, FILE), key.privateKey);
}

/** `undefined` when the run has none any more. */
export function readClientKey(folder: string): ClientKey | undefined {
  try {
    const publicLine = readFileSync(join(folder, `${FILE}.pub`), "utf8").trim();
    const privateKey = readFileSync(join(folder, FILE), "utf8");
    return { publicLine, publicWire: publicLine.split(" ")[1] ?? "", privateKey };
  } catch {
    return undefined;
  }
}

/** Once nothing of the run lives any more. */
export function deleteClientKey(folder: string): void {
  for (const name of [FILE, `${FILE}.pub`]) {
    try {
      rmSync(join(folder, name), { force: true });
    } catch {
      // A folder that cannot be written keeps a key that opens nothing any more.
    }
  }
}
