import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { NOTIFICATION, saveNotification, sendNotification } from "../../src/guard/notification.ts";
import { serviceUrl } from "../../src/guard/service-url.ts";
import { newStateDir } from "../journal/journal-rig.ts";

const LINODE = "https://api.linode.com";

/** A web service on this machine that answers with `status`. */
async function service(status: number) {
  const received: { readonly type: string | undefined; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes: Buffer) => (body += bytes.toString()));
    request.on("end", () => {
      received.push({ type: request.headers["content-type"], body });
      response.writeHead(status).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/hook/s3cret`,
    received,
    [Symbol.dispose]: () => server.close(),
  };
}

test("the summary is posted once as JSON, and the address is removed", async () => {
  using web = await service(200);
  const folder = newStateDir();
  await saveNotification(folder, web.url);
  const summary = () => ({ run: "abcd1234" });
  expect(await sendNotification(folder, summary)).toBeUndefined();
  expect(await sendNotification(folder, summary)).toBeUndefined();
  expect(web.received).toEqual([{ type: "application/json", body: '{"run":"abcd1234"}' }]);
  expect(readdirSync(folder)).toEqual([]);
});

test("a failure is reported without the address", async () => {
  using web = await service(503);
  const folder = newStateDir();
  await saveNotification(folder, web.url);
  expect(await sendNotification(folder, () => ({}))).toBe("the service answered 503");
  await saveNotification(folder, "http://127.0.0.1:1/hook/s3cret");
  const reason = await sendNotification(folder, () => ({}));
  expect(reason).toMatch(/./);
  expect(reason).not.toContain("s3cret");
});

test("the address comes from the option or the environment", () => {
  const given = "https://example.net/hook";
  const env = { MAIDER_SWEEP_NOTIFY: "https://example.net/other" };
  expect(serviceUrl(NOTIFICATION, given, env, LINODE)).toBe(given);
  expect(serviceUrl(NOTIFICATION, undefined, env, LINODE)).toBe("https://example.net/other");
  expect(serviceUrl(NOTIFICATION, undefined, {}, LINODE)).toBeUndefined();
});

test("for a cloud on this machine no other machine is notified", () => {
  const api = "http://127.0.0.1:4000";
  expect(serviceUrl(NOTIFICATION, "https://example.net/hook", {}, api)).toBeUndefined();
  expect(serviceUrl(NOTIFICATION, "http://127.0.0.1:9/hook", {}, api)).toBe(
    "http://127.0.0.1:9/hook",
  );
});

test("an address that is not http or https is refused, and not repeated", () => {
  const use = () => serviceUrl(NOTIFICATION, "ftp://user:s3cret@example.net", {}, LINODE);
  expect(use).toThrow(
    expect.objectContaining({ exitCode: 2, message: "the notification address cannot be used" }),
  );
});
