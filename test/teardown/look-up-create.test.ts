import { describe, expect, it } from "vitest";
import { lastCreateSent } from "../../src/teardown/look-up-create.ts";
import { isoUtc } from "../../src/support/clock.ts";
import { LABEL, newRig, type Rig } from "./teardown-rig.ts";

const MINUTE = 60_000;
const START_OFFSET_MS = 7_000;

/** A create that was sent three minutes ago, after which our clock was set by so much. */
async function sentBeforeStep(
  stepMs: number,
  by: "both clocks" | "our clock",
): Promise<Rig & { readonly ms: () => number }> {
  const rig = newRig();
  let offsetMs = START_OFFSET_MS;
  await rig.reserve(LABEL);
  const api = by === "our clock" ? {} : { by_the_api: isoUtc(rig.clock.now() + offsetMs) };
  await rig.append({ type: "create.sent", label: LABEL, ...api });
  const cloud = { ...rig.cloud, clockOffsetMs: () => offsetMs };
  const sent = lastCreateSent(LABEL, { ...rig.ports, cloud });
  await rig.clock.sleep(3 * MINUTE);
  rig.clock.jump(stepMs);
  offsetMs -= stepMs;
  return { ...rig, ms: sent.ms };
}

describe("the time since a create was sent", () => {
  it.each([
    ["is three minutes by both clocks", 0, "both clocks", 3],
    [
      "is what has passed by the API's clock if ours was set forward",
      90 * MINUTE,
      "both clocks",
      3,
    ],
    ["counts from the moment at which our clock was set back", -90 * MINUTE, "both clocks", 0],
    ["is by our clock if the API had not answered before", 0, "our clock", 3],
  ] as const)("%s", async (_name, stepMs, by, minutes) => {
    const { clock, ms } = await sentBeforeStep(stepMs, by);
    expect(clock.now() - ms()).toBe(minutes * MINUTE);
    await clock.sleep(5 * MINUTE);
    expect(clock.now() - ms()).toBe((minutes + 5) * MINUTE);
  });

  it("is counted from the last of several", async () => {
    const rig = newRig();
    await rig.reserve(LABEL, "sent");
    await rig.clock.sleep(MINUTE);
    await rig.append({ type: "create.sent", label: LABEL });
    const sent = lastCreateSent(LABEL, rig.ports);
    expect(sent.times).toBe(2);
    expect(sent.ms()).toBe(rig.clock.now());
  });
});
