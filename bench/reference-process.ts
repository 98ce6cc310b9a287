import {
  startReferenceServer,
  type ReferenceOptions,
} from "../src/simulator/machine/reference-server.ts";

// A process of its own, so that the far side and the client are never busy for one another.
const server = await startReferenceServer(JSON.parse(process.argv[2] ?? "{}") as ReferenceOptions);
process.on("message", () => {
  process.send?.(server.served());
});
process.on("disconnect", () => process.exit(0));
process.send?.({ port: server.port, model: server.model });
