import { createRandom } from "../world/random.ts";

/** The text of a reply, token by token: words, and some characters of several bytes or tokens. */
export interface ReplyText {
  /** Text of the tokens in a range. A token that only begins a character has none. */
  between(from: number, to: number): string;
}

const WORDS =
  "the value of function return const import type while for each list map result error input output node graph cache queue index count total check parse build write read test case state event time step loop next first last order price cost rate token model prompt answer because therefore then if else when since it is a an to from with without into over under between both all none some every".split(
    " ",
  );
const SIGNS = [".", ",", ":", "\n", " {", " }", " =", " (", ")", "\n\n", " é", " –", " 值"];
const EMOJI = ["✅", "🚀", "📦"];

/** The same prompt always has the same reply, as at temperature 0. */
export function createReplyText(promptTokens: readonly number[]): ReplyText {
  let hash = 0x811c9dc5;
  for (const token of promptTokens) hash = Math.imul(hash ^ token, 0x01000193) >>> 0;
  const random = createRandom(hash);
  const pieces: string[] = [];
  const grow = (): void => {
    const draw = random.next();
    if (draw < 0.78) pieces.push(` ${WORDS[random.below(WORDS.length)] ?? "the"}`);
    else if (draw < 0.99) pieces.push(SIGNS[random.below(SIGNS.length)] ?? ".");
    // Two tokens make one character; the first has no text.
    else pieces.push("", EMOJI[random.below(EMOJI.length)] ?? "✅");
  };
  return {
    between: (from, to) => {
      while (pieces.length < to) grow();
      return pieces.slice(from, to).join("");
    },
  };
}

/** The number of tokens after which the model would end its reply. */
export function naturalLength(promptTokens: readonly number[], minTokens: number): number {
  const random = createRandom(`${promptTokens.length}/${promptTokens.slice(-32).join(",")}/length`);
  return Math.max(minTokens, 1, Math.round(60 + 700 * random.next() ** 2));
}
