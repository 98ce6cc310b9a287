import { expect, it } from "vitest";
import { defaultBody } from "../../../src/simulator/api/api-error.ts";

it.each([
  [502, "502 Bad Gateway"],
  [504, "504 Gateway Time-out"],
])("a %i without a body has the HTML page of a gateway, with its title", (status, title) => {
  expect(defaultBody(status)).toContain(`<title>${title}</title>`);
});

it("any other status without a body has an error in the API's format", () => {
  expect(JSON.parse(defaultBody(503))).toEqual({ errors: [{ reason: "Service Unavailable" }] });
});
