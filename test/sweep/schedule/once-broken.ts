import type { Schedule } from "./schedule.ts";

/** Schedules that found a fault once. */
export const ONCE_BROKEN: readonly (readonly [string, Schedule])[] = [
  [
    "a disk that was full while a slow create was answered, and took facts again later",
    {
      seed: 999998,
      entries: 3,
      concurrency: 1,
      passes: 2,
      clockAheadMinutes: 0,
      capShare: 1,
      death: { facts: 62, before: false },
      happenings: [
        { atMinutes: 1, what: "disk full", minutes: 1 },
        { atMinutes: 298, what: "clock step", minutes: 90 },
        { atMinutes: 98, what: "revoked", minutes: 200 },
      ],
      successors: [],
      faults: [
        {
          match: { method: "POST", path: "^/linode/instances$" },
          nth: 1,
          count: 2,
          action: "delay",
          seconds: 111,
        },
        {
          match: { method: "POST", path: "^/linode/instances$" },
          nth: 3,
          count: 1,
          action: "commit-later",
          seconds: 140,
        },
        {
          match: { method: "POST", path: "firewalls" },
          nth: 4,
          count: 4,
          action: "status",
          status: 503,
        },
      ],
      machineFaults: [],
    },
  ],
  [
    "two lost creates that both arrived while the disk was full",
    {
      seed: 999994,
      entries: 2,
      concurrency: 1,
      passes: 2,
      clockAheadMinutes: 0,
      capShare: 0.35,
      happenings: [
        { atMinutes: 4, what: "disk full", minutes: 15 },
        { atMinutes: 6, what: "disk full", minutes: 15 },
        { atMinutes: 89, what: "no stock", minutes: 115, advertised: true, region: undefined },
        { atMinutes: 242, what: "clock step", minutes: 2 },
      ],
      successors: [
        { by: "resume", afterMinutes: 29, death: undefined },
        { by: "recover", afterMinutes: 17, death: { facts: 22, before: false } },
      ],
      faults: [
        {
          match: { method: "POST", path: "^/linode/instances$" },
          nth: 1,
          count: 2,
          action: "commit-later",
          seconds: 156,
        },
      ],
      machineFaults: [],
      death: undefined,
    },
  ],
  [
    "a create that nobody heard of, reaped, and the clock set back",
    {
      seed: 15,
      entries: 2,
      concurrency: 2,
      passes: 1,
      clockAheadMinutes: 0,
      capShare: 1.2,
      death: { facts: 9, before: true },
      happenings: [
        { atMinutes: 16, what: "revoked", minutes: 1 },
        { atMinutes: 7, what: "clock step", minutes: 2 },
        { atMinutes: 53, what: "asleep", minutes: 3 },
        { atMinutes: 26, what: "clock step", minutes: -90 },
        { atMinutes: 779, what: "reap" },
        { atMinutes: 245, what: "asleep", minutes: 3 },
      ],
      successors: [],
      faults: [],
      machineFaults: [
        { vm: { nth: 3 }, action: "out-of-memory", after_seconds: 1578 },
        { vm: { nth: 4 }, action: "out-of-memory", after_seconds: 1748 },
      ],
    },
  ],
  [
    "a create that was seen absent once, and the clock set back twice",
    {
      seed: 640929,
      entries: 3,
      concurrency: 2,
      passes: 2,
      clockAheadMinutes: 0,
      capShare: 1,
      death: { facts: 6, before: false },
      happenings: [
        { atMinutes: 5, what: "clock step", minutes: -90 },
        { atMinutes: 16, what: "clock step", minutes: -90 },
      ],
      successors: [{ by: "resume", afterMinutes: 11, death: undefined }],
      faults: [
        {
          match: { method: "GET", path: "^/linode/instances/" },
          nth: 3,
          count: 3,
          action: "status",
          status: 408,
        },
        {
          match: { method: "POST", path: "^/linode/instances$" },
          nth: 2,
          count: 3,
          action: "drop-before",
        },
      ],
      machineFaults: [{ vm: { nth: 1 }, action: "boot-hangs", after_seconds: 253 }],
    },
  ],
  [
    "two lost creates, the second of which succeeds once the first VM is deleted, and the clock set forward between them",
    {
      seed: 8,
      entries: 2,
      concurrency: 1,
      passes: 1,
      variants: true,
      clockAheadMinutes: 0,
      capShare: 1,
      death: undefined,
      happenings: [{ atMinutes: 3, what: "clock step", minutes: 90 }],
      successors: [],
      faults: [
        {
          match: { method: "POST", path: "^/linode/instances$" },
          nth: 1,
          count: 2,
          action: "commit-later",
          seconds: 231,
        },
      ],
      machineFaults: [],
    },
  ],
];
