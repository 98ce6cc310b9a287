import { expect, it } from "vitest";
import { connecting } from "../../../src/cli/output/connecting.ts";

/** Resolves once the program has written to stderr. */
function slowApi() {
  let texts = "";
  const announced = Promise.withResolvers<void>();
  const stderr = {
    write: (text: string) => {
      texts += text;
      announced.resolve();
      return true;
    },
  } as NodeJS.WriteStream;
  return { stderr, answer: announced.promise, texts: () => texts };
}

it("says that it waits for an API that does not answer at once", async () => {
  const { stderr, answer, texts } = slowApi();
  await connecting(answer, {}, { stderr });
  expect(texts()).toBe("connecting to the Linode API ...\n");
});

it.each([{ quiet: true }, { simulate: true }, { apiUrl: "http://127.0.0.1:9" }])(
  "is silent with %o",
  async (options) => {
    const { stderr, texts } = slowApi();
    const later = new Promise((resolve) => setTimeout(resolve, 600));
    await connecting(later, options, { stderr });
    expect(texts()).toBe("");
  },
);
