import { accountRoutes } from "./account-routes.ts";
import { catalogueRoutes } from "./catalogue-routes.ts";
import { firewallRoutes } from "./firewall-routes.ts";
import { instanceRoutes } from "./instance-routes.ts";
import { notFound, ApiError } from "./api-error.ts";
import type { Route } from "./route.ts";

const ROUTES: readonly Route[] = [
  ...instanceRoutes,
  ...catalogueRoutes,
  ...accountRoutes,
  ...firewallRoutes,
];

/** Finds the route of a request. @returns also the parts of the path that match `*`. @throws ApiError */
export function findRoute(
  method: string,
  path: string,
): { readonly route: Route; readonly parts: readonly string[] } {
  const parts = path.split("/");
  const matching = ROUTES.filter((candidate) => {
    const pattern = candidate.path.split("/");
    return (
      pattern.length === parts.length &&
      pattern.every((part, index) => part === "*" || part === parts[index])
    );
  });
  const found = matching.find((candidate) => candidate.method === method);
  if (found === undefined)
    throw matching.length === 0
      ? notFound()
      : new ApiError(405, [{ reason: "Method Not Allowed" }]);
  const pattern = found.path.split("/");
  return {
    route: found,
    parts: parts.filter((_, index) => pattern[index] === "*").map(decode),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw notFound();
  }
}
