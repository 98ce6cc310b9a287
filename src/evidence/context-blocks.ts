import { NOUNS, REGIONS, STATES, UNITS, VERBS } from "./context-words.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Returns the next block: a few lines, mostly under 80 characters, that occur in no other block. */
export type BlockMaker = () => readonly string[];

/** Random words and numbers to fill a template with. */
interface Draw {
  readonly noun: string;
  readonly Noun: string;
  readonly verb: string;
  readonly other: string;
  readonly unit: string;
  readonly state: string;
  /** An integer from 0 to `end - 1`. */
  readonly number: (end: number) => number;
}

export function sourceBlocks(random: SeededRandom): BlockMaker {
  const names = freshNames(random);
  return () => [...random.pick(SOURCE)(names()), ""];
}

export function logBlocks(random: SeededRandom): BlockMaker {
  const names = freshNames(random);
  let second = 6 * 3600 + random.below(3600);
  const now = (): string => {
    second += 1 + random.below(9);
    const part = (value: number): string => String(value % 60).padStart(2, "0");
    return `${part(Math.floor(second / 3600) % 24)}:${part(Math.floor(second / 60))}:${part(second)}`;
  };
  return () => random.pick(LOG)(names(), now, random.pick(REGIONS));
}

/** Never repeats a pair of verb and noun; there are enough pairs for the longest context. */
function freshNames(random: SeededRandom): () => Draw {
  const used = new Set<string>();
  return () => {
    let [verb, noun]: [string, string] = [random.pick(VERBS), random.pick(NOUNS)];
    while (used.has(verb + noun)) [verb, noun] = [random.pick(VERBS), random.pick(NOUNS)];
    used.add(verb + noun);
    return {
      verb,
      noun,
      Noun: capital(noun),
      other: random.pick(NOUNS),
      unit: random.pick(UNITS),
      state: random.pick(STATES),
      number: (end) => random.below(end),
    };
  };
}

const SOURCE: readonly [(d: Draw) => string[], ...((d: Draw) => string[])[]] = [
  ({ verb, noun, Noun, unit, number }) => [
    `// ${noun}/${verb}-${noun}.ts`,
    `export interface ${Noun}${capital(verb)}Options {`,
    `  readonly limit: number; // ${unit}, at most ${String(100 + number(900))}`,
    `  readonly strict: boolean;`,
    `}`,
    `export function ${verb}${Noun}(input: readonly ${Noun}[], options: ${Noun}${capital(verb)}Options) {`,
    `  const kept = input.filter((one) => one.${unit} <= options.limit);`,
    `  if (options.strict && kept.length < input.length) {`,
    `    throw new RangeError("${noun}: ${String(2 + number(7))} ${unit} over the limit");`,
    `  }`,
    `  return kept.slice(0, ${String(10 + number(90))});`,
    `}`,
  ],
  ({ verb, noun, Noun, other, state, number }) => [
    `// ${noun}/${verb}.ts`,
    `const ${noun}States = new Map<string, "${state}" | "done">();`,
    `export async function ${verb}Next${Noun}(queue: Queue<${Noun}>, ${other}: ${capital(other)}Port) {`,
    `  const next = await queue.take({ wait: ${String(50 * (1 + number(40)))} });`,
    `  if (next === undefined || ${noun}States.get(next.id) === "done") return;`,
    `  ${noun}States.set(next.id, "${state}");`,
    `  const answer = await ${other}.send({ id: next.id, weight: next.weight * ${String(2 + number(8))} });`,
    `  if (!answer.ok) await queue.giveBack(next, answer.reason);`,
    `  else ${noun}States.set(next.id, "done");`,
    `}`,
  ],
  ({ verb, noun, Noun, other, number }) => [
    `// ${other}/${verb}-${noun}-store.ts`,
    `export class ${capital(verb)}${Noun}Store {`,
    `  private readonly rows = new Map<string, ${Noun}>();`,
    `  constructor(private readonly capacity = ${String(64 * (1 + number(60)))}) {}`,
    `  add(row: ${Noun}): boolean {`,
    `    if (this.rows.size >= this.capacity) this.rows.delete(this.oldest${Noun}());`,
    `    const ${noun}Known = this.rows.has(row.id);`,
    `    this.rows.set(row.id, row);`,
    `    return !${noun}Known;`,
    `  }`,
    `  private oldest${Noun}(): string {`,
    `    return this.rows.keys().next().value ?? "${verb}";`,
    `  }`,
    `}`,
  ],
  ({ verb, noun, other, unit, number }) => [
    `# jobs/${verb}_${noun}.py`,
    `def ${verb}_${noun}(rows, ${other}, factor=${String(1 + number(9))}.${String(number(100))}):`,
    `    """Sum of ${unit} by ${other}, rounded down; rows without one are left out."""`,
    `    totals = {}`,
    `    for row in rows:`,
    `        key = row.get("${other}_id")`,
    `        if key is None or row["${unit}"] < ${String(number(50))}:`,
    `            continue`,
    `        totals[key] = totals.get(key, 0) + int(row["${unit}"] * factor)`,
    `    return {key: total for key, total in totals.items() if key in ${other}}`,
  ],
  ({ verb, noun, Noun, state, unit, number }) => [
    `// ${noun}/${verb}-rules.ts`,
    `type ${Noun}Outcome = { kind: "${state}" } | { kind: "${verb}"; ${unit}: number };`,
    `export function decide${Noun}${capital(verb)}(age: number, tries: number): ${Noun}Outcome {`,
    `  // Before ${String(2018 + number(8))} this was done at night by a script.`,
    `  if (tries > ${String(3 + number(6))}) return { kind: "${state}" };`,
    `  const base = age < ${String(24 + number(96))} ? ${String(5 + number(30))} : ${String(40 + number(60))};`,
    `  return { kind: "${verb}", ${unit}: base * 2 ** tries };`,
    `}`,
  ],
  ({ verb, noun, Noun, other, number }) => [
    `// http/${verb}-${noun}-route.ts`,
    `router.post("/${noun}s/:id/${verb}", async (request, reply) => {`,
    `  const ${noun} = await ${noun}s.find(request.params.id);`,
    `  if (${noun} === null) return reply.code(404).send({ reason: "no such ${noun}" });`,
    `  if (${noun}.version !== Number(request.headers["if-match"])) return reply.code(412).send();`,
    `  const moved = await ${other}s.${verb}(${noun}, { by: request.user.id });`,
    `  await events.append("${noun}.${verb}", { id: ${noun}.id, ${other}: moved.id });`,
    `  return reply.code(${String(200 + number(3))}).send(toJson${Noun}(moved));`,
    `});`,
  ],
  ({ verb, noun, other, state, number }) => [
    `# config/${noun}-${verb}.yaml`,
    `${noun}:`,
    `  ${verb}:`,
    `    workers: ${String(1 + number(16))}`,
    `    timeout_seconds: ${String(5 * (1 + number(24)))}`,
    `    fallback: ${other}`,
    `    on_failure: ${state}`,
    `    sample_share: 0.${String(1 + number(98)).padStart(2, "0")}`,
  ],
];

const LOG: readonly [
  (d: Draw, now: () => string, region: string) => string[],
  ...((d: Draw, now: () => string, region: string) => string[])[],
] = [
  ({ verb, noun, number }, now, region) => [
    `${now()} INFO  ${noun}-${verb}: started in ${region}, ${String(1 + number(32))} workers`,
    `${now()} INFO  ${noun}-${verb}: took ${String(10 + number(400))} from the queue`,
    `${now()} DEBUG ${noun}-${verb}: first ${noun} weighs ${String(1 + number(900))} grams`,
    `${now()} INFO  ${noun}-${verb}: done, ${String(number(9))} left over`,
  ],
  ({ verb, noun, other, state, number }, now, region) => [
    `${now()} WARN  ${noun}: ${other} in ${region} answers slowly (${String(900 + number(4000))} ms)`,
    `${now()} WARN  ${noun}: ${verb} put off, try ${String(1 + number(6))}, state ${state}`,
    `${now()} INFO  ${noun}: ${verb} went through after all`,
  ],
  ({ verb, noun, other, number }, now, region) => [
    `${now()} ERROR ${other}-pool: no free connection to ${region} for ${verb}`,
    `    at ${verb}${capital(noun)} (${noun}/${verb}.ts:${String(10 + number(300))})`,
    `    at take (${other}/pool.ts:${String(10 + number(200))})`,
    `    caused by: waited ${String(5 + number(55))} s, ${String(8 + number(56))} of 64 in use`,
    `${now()} INFO  ${other}-pool: ${verb} gave back ${String(1 + number(8))} connections`,
  ],
  ({ verb, noun, other, unit, number }, now, region) => [
    `${now()} INFO  meter: ${noun}.${verb} ${unit}=${String(number(5000))} in ${region}`,
    `${now()} INFO  meter: ${other} queue=${String(number(800))} oldest=${String(number(600))}s`,
    `${now()} DEBUG meter: heap ${String(200 + number(1500))} MB, lag ${String(number(90))} ms`,
  ],
];

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
