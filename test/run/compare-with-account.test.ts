import { expect, it } from "vitest";
import { compareWithAccount } from "../../src/run/compare-with-account.ts";
import { eventText } from "../../src/cli/output/event-text.ts";
import type { Cloud } from "../../src/cloud/cloud.ts";
import { newRig } from "../teardown/teardown-rig.ts";

/** A run of one VM for an hour, while the account says this. */
async function story(balances: readonly (number | undefined)[], offsetMs?: number) {
  const rig = newRig();
  const answers = [...balances];
  const cloud = {
    account: () => {
      if (answers.length === 0) return Promise.reject(new Error("no answer"));
      return Promise.resolve({ balanceUninvoiced: answers.shift() });
    },
    clockOffsetMs: () => offsetMs,
  } as unknown as Cloud;
  const compare = await compareWithAccount({ ...rig.ports, cloud });
  await rig.rent();
  await rig.clock.sleep(60_000);
  await compare();
  return rig.journal
    .events()
    .filter(({ type }) => type.startsWith("account.") || type.startsWith("clock."))
    .map((event) => ({ type: event.type, ...eventText(event) }));
}

it("agrees quietly when the account grew as the ledger says", async () => {
  expect(await story([1_000_000, 1_520_000])).toMatchObject([
    { type: "account.read" },
    { type: "account.compared", tone: "note" },
  ]);
});

it("warns when the account grew by more: something is billed that the ledger does not know", async () => {
  expect((await story([1_000_000, 2_560_000])).at(-1)).toMatchObject({
    tone: "warning",
    text: expect.stringMatching(/grew by \$1\.56, the ledger says \$0\.52/) as string,
  });
});

it("takes what is not counted yet for what it is", async () => {
  expect((await story([0, 0])).at(-1)).toMatchObject({ tone: "note" });
});

it.each([
  ["the token may not read it", [undefined]],
  ["the API does not answer", []],
])("says nothing when %s", async (_why, balances) => {
  expect(await story(balances)).toEqual([]);
});

it("does not compare when the account is silent at the end", async () => {
  expect(await story([1_000_000])).toMatchObject([{ type: "account.read" }]);
});

it("warns of a clock that is wrong", async () => {
  expect(await story([], 14_000)).toEqual([]);
  expect(await story([], -3_600_000)).toMatchObject([
    { tone: "warning", text: "this machine's clock is 60 min 0 s ahead of Linode's" },
  ]);
});
