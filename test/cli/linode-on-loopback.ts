import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseLabel, tagsOf } from "../../src/journal/label.ts";

/** The few routes of Linode's API that a guard needs, over real HTTP. */
export interface LinodeOnLoopback {
  readonly url: string;
  readonly vms: Map<number, string>;
  readonly firewalls: Map<number, string>;
  readonly deletes: { readonly path: string; readonly token: string }[];
  close(): void;
}

export async function linodeOnLoopback(): Promise<LinodeOnLoopback> {
  const vms = new Map<number, string>();
  const firewalls = new Map<number, string>();
  const deletes: { path: string; token: string }[] = [];
  const vm = ([id, label]: [number, string]) => ({
    id,
    label,
    type: "g2-gpu-rtx4000a1-s",
    region: "us-ord",
    status: "running",
    ipv4: ["192.0.2.1"],
    created: "2026-11-24T04:00:00",
    tags: tagsOf(parseLabel(label)?.run ?? "nobody"),
  });
  const firewall = ([id, label]: [number, string]) => ({
    id,
    label,
    created: "2026-11-24T04:00:00",
  });
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/\?.*$/, "").replace(/^\/v4(?:beta)?/, "");
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const page = (data: unknown[]): void => {
      answer(200, { data, page: 1, pages: 1, results: data.length });
    };
    const filter = JSON.parse((request.headers["x-filter"] as string | undefined) ?? "{}") as {
      label?: string;
    };
    const wanted = ([, label]: [number, string]): boolean =>
      filter.label === undefined || filter.label === label;
    const [, kind, id] =
      /^\/(linode\/instances|networking\/firewalls)(?:\/(\d+))?$/.exec(path) ?? [];
    const things = kind === "linode/instances" ? vms : firewalls;
    if (kind === undefined) {
      answer(200, { username: "me", euuid: "e" });
    } else if (request.method === "DELETE") {
      deletes.push({ path, token: request.headers.authorization ?? "" });
      things.delete(Number(id));
      answer(200, {});
    } else if (id === undefined) {
      page([...things].filter(wanted).map(kind === "linode/instances" ? vm : firewall));
    } else if (things.has(Number(id))) {
      answer(200, vm([Number(id), things.get(Number(id)) ?? ""]));
    } else {
      answer(404, { errors: [{ reason: "Not found" }] });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    vms,
    firewalls,
    deletes,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
