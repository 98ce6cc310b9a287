/** The kinds of request that a fault can affect; paths are those of the API, without its version. */
const REQUESTS = {
  create: { method: "POST", path: "^/linode/instances$" },
  delete: { method: "DELETE", path: "^/linode/instances/\\d+$" },
  "firewall's create": { method: "POST", path: "^/networking/firewalls$" },
  "firewall's delete": { method: "DELETE", path: "^/networking/firewalls/\\d+$" },
  read: { method: "GET", path: "^/(linode/instances|networking/firewalls)" },
} as const;

export type RequestKind = keyof typeof REQUESTS;

interface Fault {
  readonly affects: readonly RequestKind[];
  /** Number of requests of each kind that fail. */
  readonly count: number;
  /** The other fields of a fault as the control API takes it. */
  readonly script: object;
}

const MUTATIONS = ["create", "delete", "firewall's create", "firewall's delete"] as const;
const ALL_KINDS = [...MUTATIONS, "read"] as const;

const FAULTS = {
  "no fault": { affects: [], count: 0, script: {} },
  "reply lost after it worked": {
    affects: MUTATIONS,
    count: 1,
    script: { action: "commit-then-drop" },
  },
  "lost on its way": { affects: ALL_KINDS, count: 2, script: { action: "drop-before" } },
  "works a minute late": {
    affects: MUTATIONS,
    count: 1,
    script: { action: "commit-later", seconds: 60 },
  },
  "answered 408": { affects: ALL_KINDS, count: 2, script: { action: "status", status: 408 } },
  "answered 429 with odd headers": {
    affects: ALL_KINDS,
    count: 2,
    script: {
      action: "status",
      status: 429,
      headers: { "retry-after": "-1509450059", "x-ratelimit-reset": "-1" },
    },
  },
  "answered 502 with a page of HTML": {
    affects: ALL_KINDS,
    count: 2,
    script: { action: "status", status: 502, body: "<html><h1>502 Bad Gateway</h1></html>" },
  },
  "answered busy": {
    affects: MUTATIONS,
    count: 2,
    script: { action: "status", status: 400, body: '{"errors":[{"reason":"Linode busy."}]}' },
  },
  "lists are behind": {
    affects: ["read"],
    count: 6,
    script: { action: "stale-list", seconds: 120 },
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** A way in which the API fails. */
export type DrillFault = keyof typeof FAULTS;
export const DRILL_FAULTS = Object.keys(FAULTS) as readonly DrillFault[];

/** The fault as `POST /simulator/faults` takes it. @param exempt kinds of request that it does not affect */
export function faultScripts(
  name: DrillFault,
  exempt: readonly RequestKind[] = [],
): readonly object[] {
  const { affects, count, script }: Fault = FAULTS[name];
  return affects
    .filter((kind) => !exempt.includes(kind))
    .map((kind) => ({ match: REQUESTS[kind], count, ...script }));
}
