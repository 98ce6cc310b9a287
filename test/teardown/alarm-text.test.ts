import { expect, test } from "vitest";
import { alarmText, type Destroyer } from "../../src/teardown/alarm-text.ts";

const LABEL = "mds-abcd1234-001-n0nc-xtozy80";

test.each<[Destroyer, RegExp]>([
  // Its own command holds the lock, so that recover would be refused while it runs.
  [
    "sweep",
    /when this command has ended \(Ctrl-C ends it\), run maider-sweep recover --state-dir \/s with a new token/,
  ],
  ["recover", /run maider-sweep recover --state-dir \/s again with a new token of the same user$/],
  ["down", /run maider-sweep down --state-dir \/s again with a new token of the same user$/],
  [
    "guard",
    /run maider-sweep recover --state-dir \/s with a new token.* takes over from this guard/,
  ],
])("a refused token: what the reader of %s can do", (by, remedy) => {
  const alarm = { kind: "refused", label: LABEL, message: "the API refuses this token" } as const;
  const text = alarmText(alarm, by, " --state-dir /s");
  expect(text).toMatch(new RegExp(`^${LABEL}: the API refuses this token; `));
  expect(text).toMatch(remedy);
});

test("another account's token: whose token is needed", () => {
  const alarm = {
    kind: "wrong_account",
    label: LABEL,
    message: "it is another account's",
  } as const;
  expect(alarmText(alarm, "recover")).toContain(
    "run maider-sweep recover again with a token of the user who rented it",
  );
});
