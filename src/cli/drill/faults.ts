/** Ways in which the API fails a client, as the side door takes them. */
export const DRILL_FAULTS = {
  "no fault": [],
  "create's reply lost after it worked": [
    { match: { method: "POST", path: "^/linode/instances$" }, action: "commit-then-drop" },
  ],
  "create lost on its way": [
    { match: { method: "POST", path: "^/linode/instances$" }, action: "drop-before" },
  ],
  "create commits a minute late": [
    { match: { method: "POST", path: "^/linode/instances$" }, action: "commit-later", seconds: 60 },
  ],
  "create answered 408": [
    { match: { method: "POST", path: "^/linode/instances$" }, action: "status", status: 408 },
  ],
  "429 with odd headers": [
    {
      match: { path: "^/linode/instances" },
      nth: 2,
      count: 3,
      action: "status",
      status: 429,
      headers: { "retry-after": "-1509450059", "x-ratelimit-reset": "-1" },
    },
  ],
  "an HTML 502 for every second look": [
    {
      match: { method: "GET", path: "^/linode/instances" },
      count: 4,
      action: "status",
      status: 502,
      body: "<html><h1>502 Bad Gateway</h1></html>",
    },
  ],
  "delete answered busy": [
    {
      match: { method: "DELETE", path: "^/linode/instances/" },
      count: 2,
      action: "status",
      status: 400,
      body: '{"errors":[{"reason":"Linode busy."}]}',
    },
  ],
  "delete's reply lost after it worked": [
    { match: { method: "DELETE", path: "^/linode/instances/" }, action: "commit-then-drop" },
  ],
  "a list that is behind": [
    { match: { method: "GET", path: "^/linode/instances$" }, count: 3, action: "stale-list" },
  ],
} as const satisfies Readonly<Record<string, readonly object[]>>;

export type DrillFault = keyof typeof DRILL_FAULTS;
