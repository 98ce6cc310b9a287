import { existsSync, readFileSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeFileAtomically } from "../support/safe-file.ts";

const SUFFIX = ".gz";

/** A file as it is, or unpacked where only its packed form is left. @throws as `readFileSync` does, or for a packed form that is damaged */
export function readPlainOrPacked(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return gunzipSync(readFileSync(`${path}${SUFFIX}`));
  }
}

export function isPacked(path: string): boolean {
  return existsSync(`${path}${SUFFIX}`);
}

/** Puts the packed form in the place of the file; dying in between leaves both, and the plain one counts. */
export async function packFile(path: string): Promise<void> {
  const { mode } = await stat(path);
  await writeFileAtomically(`${path}${SUFFIX}`, gzipSync(await readFile(path)), {
    mode: mode & 0o777,
  });
  await rm(path);
}

/** The other way round; nothing where there is no packed form. */
export async function unpackFile(path: string): Promise<void> {
  if (!isPacked(path)) return;
  if (!existsSync(path)) await writeFileAtomically(path, readPlainOrPacked(path));
  await rm(`${path}${SUFFIX}`, { force: true });
}

/** The name of the plain file. */
export function plainName(name: string): string {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}
