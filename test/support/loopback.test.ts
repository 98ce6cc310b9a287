import { expect, test } from "vitest";
import { isLoopback } from "../../src/support/loopback.ts";

test.each([
  "http://127.0.0.1:8080",
  "http://127.64.3.1/v4",
  "http://127.1",
  "https://localhost",
  "http://[::1]:9",
])("%s is a loopback address", (url) => {
  expect(isLoopback(url)).toBe(true);
});

test.each([
  "https://api.linode.com",
  "http://127.0.0.1.example.com",
  "http://127.example.com",
  "http://localhost.example.com",
  "http://10.0.0.1",
  "ftp://127.0.0.1",
  "nonsense",
  "",
])("%j is not", (url) => {
  expect(isLoopback(url)).toBe(false);
});
