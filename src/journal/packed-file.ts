import { existsSync, readFileSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeFileAtomically } from "../support/safe-file.ts";

const SUFFIX = ".gz";

/** Reads a file, or its packed form if only that exists. @throws like `readFileSync`, or if the packed form is damaged */
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

/** Replaces a file by its packed form. If the process is killed meanwhile, both exist and the plain file counts. */
export async function packFile(path: string): Promise<void> {
  const { mode } = await stat(path);
  await writeFileAtomically(`${path}${SUFFIX}`, gzipSync(await readFile(path)), {
    mode: mode & 0o777,
  });
  await rm(path);
}

/** Replaces a packed file by its plain form, if it is packed. */
export async function unpackFile(path: string): Promise<void> {
  if (!isPacked(path)) return;
  if (!existsSync(path)) await writeFileAtomically(path, readPlainOrPacked(path));
  await rm(`${path}${SUFFIX}`, { force: true });
}

/** The name without the suffix of packed files. */
export function plainName(name: string): string {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}
