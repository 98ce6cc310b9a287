// A worker of the tests: a publisher whose thread dies at its first request.
import { parentPort } from "node:worker_threads";

parentPort?.on("message", () => {
  process.exit(1);
});
