// A child process of the tests, which writes facts as fast as it can and prints the number of each acknowledged one.
import { openIn } from "./journal-rig.ts";

const journal = await openIn(process.argv[2] ?? "");
const text = "x".repeat(5_000);
for (;;) {
  const batch = [1, 2, 3].map(() => journal.append({ type: "run.stopping", reason: text }));
  const last = (await Promise.all(batch)).at(-1);
  process.stdout.write(`${String(last?.seq)}\n`);
}
