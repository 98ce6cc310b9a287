import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";

const LINE_BREAK = 0x0a;

/** What was kept under this key, as JSON text; undefined when there is nothing, another key, or damage. */
export async function readKept(path: string, key: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path);
    const end = bytes.indexOf(LINE_BREAK);
    const body = bytes.subarray(end + 1);
    return bytes.toString("utf8", 0, end) === headOf(key, body) ? body.toString() : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps an answer; where nothing can be kept, it is made again the next time. */
export async function keep(path: string, key: string, answer: unknown): Promise<void> {
  const body = Buffer.from(JSON.stringify(answer));
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Not synced: a torn one does not match its own sum.
    await writeFile(temporary, [`${headOf(key, body)}\n`, body], { mode: 0o600 });
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function headOf(key: string, body: Uint8Array): string {
  return `${key} ${crc32(body)}`;
}
