const SAFE = /^[\w./:@+,-]+$/;

/**
 * Quotes text as one word for a POSIX shell, if necessary. Use it for every path, id and name in a command line that is
 * shown to a user or written to a script, because they come from plans, records and the environment.
 */
export function shellWord(text: string): string {
  return SAFE.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Joins words to a command line, quoted. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
