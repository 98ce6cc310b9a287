import { accountRoutes } from "./account-routes.ts";
import { catalogueRoutes } from "./catalogue-routes.ts";
import { firewallRoutes } from "./firewall-routes.ts";
import { instanceRoutes } from "./instance-routes.ts";
import { notFound, Refusal } from "./api-error.ts";
import type { Route } from "./route.ts";

/** Fixed names stand before patterns that would take them for an id. */
const ROUTES: readonly Route[] = [
  ...instanceRoutes,
  ...catalogueRoutes,
  ...accountRoutes,
  ...firewallRoutes,
];

/** The route of a request, and the pieces of its path that the pattern left open. @throws Refusal */
export function findRoute(
  method: string,
  path: string,
): { readonly route: Route; readonly pieces: readonly string[] } {
  const pieces = path.split("/");
  const fitting = ROUTES.filter((candidate) => {
    const pattern = candidate.path.split("/");
    return (
      pattern.length === pieces.length &&
      pattern.every((piece, index) => piece === "*" || piece === pieces[index])
    );
  });
  const found = fitting.find((candidate) => candidate.method === method);
  if (found === undefined)
    throw fitting.length === 0 ? notFound() : new Refusal(405, [{ reason: "Method Not Allowed" }]);
  const pattern = found.path.split("/");
  return {
    route: found,
    pieces: pieces.filter((_, index) => pattern[index] === "*").map(decodePiece),
  };
}

function decodePiece(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    throw notFound();
  }
}
