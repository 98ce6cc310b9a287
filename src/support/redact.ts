export type Redact = (text: string) => string;

const REDACTED = "[redacted]";
/** Shorter ones occur in ordinary text, and replacing them would garble it. */
const SHORTEST_SECRET = 6;

/** What looks like a secret even when nobody told us. */
const PATTERNS: readonly RegExp[] = [
  // Up to the end, or to a quote or the end of the text where a log's tail was cut in the middle of a key.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=")|$)/g,
  /(?<=\bbearer\s{1,4})[\w.~+/=-]+/gi,
  /\bhf_[A-Za-z0-9]{20,}/g,
  // A Linode token is 64 hexadecimal digits, and so is a digest: what says that it is one stays.
  /(?<!(?:sha-?256|digest)["'\s:=-]{0,4})(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi,
];

/**
 * A function that blanks the given secrets, in their plain, JSON, URL and base64 forms, and whatever looks like a
 * Linode token, a Hugging Face token, a bearer header or a private key. A redacted JSON text is still JSON.
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length >= SHORTEST_SECRET) for (const form of formsOf(secret)) forms.add(form);
  }
  // Longest first: a secret may be the beginning of another one.
  const exact = [...forms].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const form of exact) clean = clean.replaceAll(form, REDACTED);
    for (const pattern of PATTERNS) clean = clean.replace(pattern, REDACTED);
    return clean;
  };
}

function formsOf(secret: string): readonly string[] {
  const base64 = [0, 1, 2].map((offset) => base64Inside(secret, offset));
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    ...base64,
    ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
  ].filter((form) => form.length >= SHORTEST_SECRET);
}

/** What is in common to the base64 of all texts in which the secret begins at a byte `offset` modulo 3. */
function base64Inside(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor((bytes.length * 8) / 6);
  return bytes.toString("base64").slice(first, last);
}
