import { regionView, typeView } from "./api-views.ts";
import { notFound } from "./api-error.ts";
import { REGIONS } from "../world/regions.ts";
import { listed, NO_FIELDS, type Route, route } from "./route.ts";

/** Routes that need no token. */
export const catalogueRoutes: readonly Route[] = [
  route("GET", "/linode/types", undefined, (call) =>
    listed(call, call.world.prices.types(call.withToken), NO_FIELDS, (type) =>
      typeView(type, call.world.prices),
    ),
  ),
  route("GET", "/linode/types/*", undefined, (call) => {
    const type = call.world.prices
      .types(call.withToken)
      .find((candidate) => candidate.id === call.parts[0]);
    if (type === undefined) throw notFound();
    return typeView(type, call.world.prices);
  }),
  route("GET", "/regions/availability", undefined, (call) =>
    listed(
      call,
      call.world.stock(),
      {
        region: (row) => row.region,
        plan: (row) => row.plan,
        available: (row) => row.available,
      },
      (row) => row,
    ),
  ),
  route("GET", "/regions", undefined, (call) =>
    listed(
      call,
      REGIONS,
      { country: (region) => region.country, site_type: (region) => region.site },
      regionView,
    ),
  ),
];
