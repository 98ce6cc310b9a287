const SAFE = /^[\w./:@+,-]+$/;

/**
 * Text as one word for a POSIX shell, quoted where it has to be. Every command line that is shown to a user or written
 * to a script passes its paths, ids and names through here, since they come from plans, records and the environment.
 */
export function shellWord(text: string): string {
  return SAFE.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Words as one command line. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
