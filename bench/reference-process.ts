import { monotonicMs } from "./monotonic.ts";
import { startReferenceServer, type ReferenceOptions } from "../test/support/reference-server.ts";

// In a separate process, so that server and client do not delay each other.
const server = await startReferenceServer(JSON.parse(process.argv[2] ?? "{}") as ReferenceOptions);
process.on("message", () => {
  const sharedS = (epochS: number): number =>
    monotonicMs(epochS * 1000 - performance.timeOrigin) / 1000;
  process.send?.(
    server.served().map(({ completion_tokens, received, first_write, last_write }) => ({
      completion_tokens,
      received: sharedS(received),
      first_write: sharedS(first_write),
      last_write: sharedS(last_write),
    })),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ port: server.port, model: server.model });
