export type Redact = (text: string) => string;

const REDACTED = "[redacted]";
/** Shorter secrets may occur in ordinary text, which would become unreadable. */
const MIN_SECRET_LENGTH = 6;

/** Text that looks like a secret. */
const PATTERNS: readonly RegExp[] = [
  // Also matches a key without an end, up to a quote or the end of the text: a log may be cut in the middle of a key.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=")|$)/g,
  /(?<=\bbearer\s{1,4})[\w.~+/=-]+/gi,
  /\bhf_[A-Za-z0-9]{20,}/g,
  // A Linode token has 64 hexadecimal digits. Those after "sha256" or "digest" are not redacted.
  /(?<!(?:sha-?256|digest)["'\s:=-]{0,4})(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi,
];

/**
 * Returns a function that redacts these secrets, in plain, JSON, URL and base64 form, and everything that looks like a
 * Linode token, a Hugging Face token, a bearer header or a private key. Redacted JSON remains valid JSON.
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) for (const form of formsOf(secret)) forms.add(form);
  }
  // Longest first, because one secret may be a prefix of another.
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
  ].filter((form) => form.length >= MIN_SECRET_LENGTH);
}

/** The characters that the base64 of every text has in common if the secret starts at a byte `offset` modulo 3. */
function base64Inside(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor((bytes.length * 8) / 6);
  return bytes.toString("base64").slice(first, last);
}
