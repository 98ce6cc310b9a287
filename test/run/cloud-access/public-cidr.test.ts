import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { publicCidr } from "../../../src/run/cloud-access/public-cidr.ts";

const server = setupServer();
beforeAll(() => {
  server.listen({ onUnhandledFrame: "error" });
});
afterEach(() => {
  server.resetHandlers();
});
afterAll(() => {
  server.close();
});

const answers = (first: () => Response, second: () => Response) => {
  server.use(
    http.get("https://api.ipify.org", first),
    http.get("https://ipv4.icanhazip.com", second),
  );
};
const says = (text: string) => () => HttpResponse.text(text);
const ask = (signal = new AbortController().signal) => publicCidr({ fetch, signal });

describe("our own address", () => {
  it("is what two services agree upon", async () => {
    answers(says("203.0.113.7"), says("203.0.113.7\n"));
    expect(await ask()).toBe("203.0.113.7/32");
  });

  it.each([
    ["they differ", says("203.0.113.7"), says("203.0.113.8"), "203.0.113.7, 203.0.113.8"],
    ["one is down", says("203.0.113.7"), () => HttpResponse.error(), "ed"],
    [
      "one answers with an error",
      says("203.0.113.7"),
      () => HttpResponse.text("203.0.113.7", { status: 503 }),
      "icanhazip.com did not answer with an IPv4 address",
    ],
    [
      "both answer with a login page",
      says("<html>"),
      says("<html>"),
      "ipify.org did not answer with an IPv4 address",
    ],
    ["both answer with IPv6", says("2001:db8::1"), says("2001:db8::1"), "IPv4"],
    ["both answer with a whole network", says("0.0.0.0/0"), says("0.0.0.0/0"), "IPv4"],
  ])("is not guessed when %s", async (_, first, second, reason) => {
    answers(first, second);
    await expect(ask()).rejects.toMatchObject({
      name: "SweepError",
      exitCode: 4,
      reason: expect.stringContaining(reason) as string,
      hint: expect.stringContaining("--ssh-cidr") as string,
    });
  });

  it("is not looked for any more when we are told to stop", async () => {
    answers(says("203.0.113.7"), says("203.0.113.7"));
    const reason = new Error("SIGINT");
    await expect(ask(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
