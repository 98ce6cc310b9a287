import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../support/safe-file.ts";

const FILE = "client-key";

/** A run's own SSH key pair, which gives access to the VMs of this run only. */
export interface ClientKey {
  /** As in `authorized_keys`. */
  readonly publicLine: string;
  /** OpenSSH wire form, base64. */
  readonly publicWire: string;
  readonly privateKey: string;
}

/** Stores the key in the run's folder, readable only by its owner, so that a resumed run can log in to its VMs. */
export async function saveClientKey(folder: string, key: ClientKey): Promise<void> {
  await writeFileAtomically(join(folder, `${FILE}.pub`), `${key.publicLine}\n`);
  await writeFileAtomically(join(folder, FILE), key.privateKey);
}

/** Undefined if the key was deleted. */
export function readClientKey(folder: string): ClientKey | undefined {
  try {
    const publicLine = readFileSync(join(folder, `${FILE}.pub`), "utf8").trim();
    const privateKey = readFileSync(join(folder, FILE), "utf8");
    return { publicLine, publicWire: publicLine.split(" ")[1] ?? "", privateKey };
  } catch {
    return undefined;
  }
}

/** Call it once all VMs of the run are deleted. */
export function deleteClientKey(folder: string): void {
  for (const name of [FILE, `${FILE}.pub`]) {
    try {
      rmSync(join(folder, name), { force: true });
    } catch {
      // The key remains if the folder is not writable. It gives access to nothing anymore.
    }
  }
}
