import { describe, expect, it } from "vitest";
import { requestOverChannel } from "../../src/vllm/http-over-channel.ts";
import { httpChannel } from "../machine/machine-stand-in.ts";

const limits = { ceilingMs: 10_000, signal: new AbortController().signal };

describe("a request over a channel", () => {
  it("sends JSON and gives status and body; the channel is used up", async () => {
    const channel = httpChannel((_, body) => ({ status: 418, body: `got ${body}` }));
    const reply = await requestOverChannel(
      channel,
      { method: "POST", path: "/tokenize", body: { prompt: "é" } },
      limits,
    );
    expect(reply).toEqual({ status: 418, body: 'got {"prompt":"é"}' });
    expect(channel.destroyed).toBe(true);
  });

  it("fails when the far side hangs up or sends far too much", async () => {
    const broken = httpChannel(() => new Error("reset"));
    await expect(
      requestOverChannel(broken, { method: "GET", path: "/" }, limits),
    ).rejects.toMatchObject({
      kind: "unreachable",
    });
    const large = httpChannel(() => ({ status: 200, body: "x".repeat(2_000_000) }));
    await expect(requestOverChannel(large, { method: "GET", path: "/" }, limits)).rejects.toThrow(
      "1 MiB",
    );
  });

  it("is bounded by its ceiling and by its signal", async () => {
    const silent = (): { status: number; body: string } => ({ status: 0, body: "" });
    const never = (): ReturnType<typeof httpChannel> => {
      const channel = httpChannel(silent);
      channel.push = () => true;
      return channel;
    };
    await expect(
      requestOverChannel(never(), { method: "GET", path: "/" }, { ...limits, ceilingMs: 20 }),
    ).rejects.toMatchObject({ kind: "timeout" });
    const control = new AbortController();
    const waiting = requestOverChannel(
      never(),
      { method: "GET", path: "/" },
      { ...limits, signal: control.signal },
    );
    control.abort(new Error("stop"));
    await expect(waiting).rejects.toThrow("stop");
  });
});
