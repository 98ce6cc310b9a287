/** Splits text into tokens of about the same size as byte-pair encodings do, deterministically. */
export interface Tokenizer {
  encode(text: string): number[];
  /** Encodes a conversation with a typical chat template, up to the start of the assistant's reply. */
  encodeChat(messages: readonly ChatMessage[]): number[];
}

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

const START = 1;
const END = 2;
const NEWLINE = 201;
const FIRST_ORDINARY = 300;
const MAX_SPACES = 8;
const MAX_DIGITS = 3;

/** Each model splits words into pieces of another length, so the same text has another number of tokens. */
export function createTokenizer(model: string, vocabulary: number): Tokenizer {
  const longestWord = 5 + (mix(model, 0, model.length) % 3);
  const encode = (text: string): number[] => {
    const tokens: number[] = [];
    for (let start = 0; start < text.length;) {
      const end = endOfToken(text, start, longestWord);
      tokens.push(FIRST_ORDINARY + (mix(text, start, end) % (vocabulary - FIRST_ORDINARY)));
      start = end;
    }
    return tokens;
  };
  return {
    encode,
    encodeChat: (messages) => [
      ...messages.flatMap((message) => [
        START,
        ...encode(message.role),
        NEWLINE,
        ...encode(message.content),
        END,
        NEWLINE,
      ]),
      START,
      ...encode("assistant"),
      NEWLINE,
    ],
  };
}

type Kind = "space" | "newline" | "digit" | "word" | "sign" | "other";

function kindOf(code: number): Kind {
  if (code === 32 || code === 9) return "space";
  if (code === 10 || code === 13) return "newline";
  if (code >= 48 && code <= 57) return "digit";
  if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) return "word";
  return code > 127 ? "other" : "sign";
}

function endOfToken(text: string, start: number, longestWord: number): number {
  const first = kindOf(text.charCodeAt(start));
  const same = (kind: Kind, from: number, most: number): number => {
    let end = from;
    while (end < text.length && end - from < most && kindOf(text.charCodeAt(end)) === kind)
      end += 1;
    return end;
  };
  if (first === "word") return same("word", start, longestWord);
  if (first === "digit") return same("digit", start, MAX_DIGITS);
  if (first === "newline") return same("space", start + 1, MAX_SPACES);
  if (first !== "space") return start + 1;
  const word = same("word", start + 1, longestWord);
  return word > start + 1 ? word : same("space", start, MAX_SPACES);
}

function mix(text: string, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let index = start; index < end; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}
