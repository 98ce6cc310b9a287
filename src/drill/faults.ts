/** What a fault may strike; paths are those of the API, without its version. */
const REQUESTS = {
  create: { method: "POST", path: "^/linode/instances$" },
  delete: { method: "DELETE", path: "^/linode/instances/\\d+$" },
  "firewall's create": { method: "POST", path: "^/networking/firewalls$" },
  "firewall's delete": { method: "DELETE", path: "^/networking/firewalls/\\d+$" },
  look: { method: "GET", path: "^/(linode/instances|networking/firewalls)" },
} as const;

export type Struck = keyof typeof REQUESTS;

interface Fault {
  readonly strikes: readonly Struck[];
  /** How many of each. */
  readonly count: number;
  /** The rest of a script as the control API takes it. */
  readonly script: object;
}

const MUTATIONS = ["create", "delete", "firewall's create", "firewall's delete"] as const;
const EVERYTHING = [...MUTATIONS, "look"] as const;

const FAULTS = {
  "no fault": { strikes: [], count: 0, script: {} },
  "reply lost after it worked": {
    strikes: MUTATIONS,
    count: 1,
    script: { action: "commit-then-drop" },
  },
  "lost on its way": { strikes: EVERYTHING, count: 2, script: { action: "drop-before" } },
  "works a minute late": {
    strikes: MUTATIONS,
    count: 1,
    script: { action: "commit-later", seconds: 60 },
  },
  "answered 408": { strikes: EVERYTHING, count: 2, script: { action: "status", status: 408 } },
  "answered 429 with odd headers": {
    strikes: EVERYTHING,
    count: 2,
    script: {
      action: "status",
      status: 429,
      headers: { "retry-after": "-1509450059", "x-ratelimit-reset": "-1" },
    },
  },
  "answered 502 with a page of HTML": {
    strikes: EVERYTHING,
    count: 2,
    script: { action: "status", status: 502, body: "<html><h1>502 Bad Gateway</h1></html>" },
  },
  "answered busy": {
    strikes: MUTATIONS,
    count: 2,
    script: { action: "status", status: 400, body: '{"errors":[{"reason":"Linode busy."}]}' },
  },
  "lists are behind": {
    strikes: ["look"],
    count: 6,
    script: { action: "stale-list", seconds: 120 },
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** A way in which the API fails a client. */
export type DrillFault = keyof typeof FAULTS;
export const DRILL_FAULTS = Object.keys(FAULTS) as readonly DrillFault[];

/** A fault as `POST /simulator/faults` takes it; `spared` requests are not struck. */
export function faultScripts(name: DrillFault, spared: readonly Struck[] = []): readonly object[] {
  const { strikes, count, script }: Fault = FAULTS[name];
  return strikes
    .filter((struck) => !spared.includes(struck))
    .map((struck) => ({ match: REQUESTS[struck], count, ...script }));
}
