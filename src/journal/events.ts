import type { LoadRequests } from "../evidence/load-result.ts";
import type { BenchmarkRecord } from "../evidence/record.ts";
import type { Category } from "../evidence/suite.ts";
import type { MicroUsd } from "../support/money.ts";

/** Tells one configuration of a GPU type and model from another (`configurationKey`); version 0.1 did not write it. */
type ConfigurationKey = string;

/** A VM that exists. */
export interface FoundVm {
  label: string;
  vm_id: number;
  ipv4: string;
  /** ISO 8601, by the API's clock, which is the bill's. */
  created?: string;
  gpu?: string;
  region?: string;
  /** Of an hour, where the journal has lost what was agreed. */
  price_micro_usd?: MicroUsd;
}

/**
 * Every fact of a sweep, by its dotted name. This list is also the list of crash points: the journal makes a
 * fact durable before the act that it announces. Field names are snake_case because `--json` prints them as they are.
 */
export interface Facts {
  /** First line of every journal. */
  "run.opened": {
    plan: string;
    cap_micro_usd: MicroUsd;
    monthly_cap_micro_usd: MicroUsd | null;
    /** Null on the real cloud. */
    world: string | null;
    api_url: string;
    /** Fingerprint of the account: a 404 proves nothing under another one. */
    account: string;
    /** The file that its sound passes are published to. */
    database: string;
    ssh_port: number;
    /** The types that the plan may rent; version 0.1 left it out. */
    gpus?: string[];
    rentals: number;
    configurations: number;
    concurrency: number;
    passes: number;
    likely_micro_usd: MicroUsd;
    worst_micro_usd: MicroUsd;
    version: string;
    pid: number;
  };
  /** A new owner of a run that has begun: a resume, a recovery, the guard. */
  "run.adopted": {
    by: "resume" | "recover" | "guard" | "down";
    pid: number;
    /** Where it goes on, when the simulated world that it began in is gone. */
    moved?: { world: string; api_url: string };
  };
  "run.stopping": { reason: string };
  "run.closed": { exit_code: number; state: "finished" | "interrupted" | "crashed" };
  "guard.acknowledged": { pid: number };
  "guard.lost": { pid: number };
  "clock.jumped": { milliseconds: number };
  /** The API's clock minus ours. */
  "clock.differs": { milliseconds: number };
  /** What the account owes beyond its invoices, before the first create. */
  "account.read": { uninvoiced_micro_usd: MicroUsd };
  /** After the last proof: by how much that has grown since, beside what this ledger has spent since. */
  "account.compared": { grown_micro_usd: MicroUsd; spent_micro_usd: MicroUsd };
  /** The simulated world is gone, and with it everything it rented out. */
  "world.ended": { world: string };

  "firewall.intended": { label: string; cidrs: string[] };
  "firewall.acknowledged": { label: string; firewall_id: number };
  /** It lets in the caller's new address, in place of what was intended. */
  "firewall.updated": { label: string; cidrs: string[] };
  "firewall.gone": { label: string };

  "entry.skipped": { gpu: string; model: string; reason: string };
  /** Does not fit the cap now; waits for an open reservation to free money. */
  "entry.waiting": { rental: number; gpu: string; needed_micro_usd: MicroUsd };
  "entry.not_started": { rental: number; gpu: string; models: string[]; reason: string };

  /** No VM is created for now; those that run go on. */
  "admission.paused": { reason: string };
  "admission.resumed": { seconds: number };

  "rental.reserved": {
    label: string;
    rental: number;
    gpu: string;
    region: string;
    models: string[];
    price_micro_usd: MicroUsd;
    hours: number;
    micro_usd: MicroUsd;
    /** ISO 8601: when everything stops and the VM is destroyed; the label's expiry is later. */
    deadline: string;
    /** By our clock, like `deadline`; the label says the same by the API's. */
    expires: string;
    /** OpenSSH wire form, base64. */
    host_key: string;
  };
  "create.intended": { label: string; gpu: string; region: string; price_micro_usd: MicroUsd };
  /** The meter of the ledger starts here. */
  /** `by_the_api`: as for `rental.gone`. */
  "create.sent": { label: string; by_the_api?: string };
  "create.acknowledged": FoundVm;
  /** The API's answer does not tell whether the VM exists. */
  "create.unknown": { label: string; reason: string };
  "create.adopted": FoundVm;
  /** One look that did not find the label; two far enough apart close it (`rental.gone`). */
  "create.absent": { label: string; look: number; refusal: string };
  /** A resume has found the VM alive, ours and not expired, and goes on with it. */
  "rental.reused": { label: string; minutes_left: number };
  "boot.running": { label: string; seconds: number };
  "ssh.ready": { label: string; seconds: number };
  "setup.progressed": { label: string; stage: string; index: number; stages: number };
  "machine.ready": {
    label: string;
    seconds: number;
    driver: string;
    gpu_name: string;
    kernel: string;
  };
  /** Stays until `down` or its expiry; guard and recover spare it. */
  "rental.held": { label: string; reason: string; until: string };
  "rental.failed": { label: string; stage: string; reason: string };
  "destroy.intended": { label: string; reason: string };
  "destroy.sent": { label: string; vm_id: number };
  /** First look that found it gone; `rental.gone` is the second. */
  "destroy.unseen": { label: string };
  /** `by_the_api`: ISO 8601, the moment by the clock that the bill goes by, where it is known. */
  "rental.gone": { label: string; by_the_api?: string };
  "rental.settled": { label: string; hours: number; micro_usd: MicroUsd; usd: number };

  "server.starting": {
    label: string;
    model: string;
    configuration?: ConfigurationKey;
    image: string;
    max_model_len: number;
  };
  "server.progressed": {
    label: string;
    model: string;
    stage: "download" | "load";
    bytes: number;
    total_bytes: number | null;
  };
  "server.ready": {
    label: string;
    model: string;
    seconds: number;
    download_seconds: number;
    vllm_version: string;
  };
  "server.failed": {
    label: string;
    model: string;
    /** What it did when it died, as "pass 2"; left out of one that never came up. */
    during?: string;
    cause: string;
    evidence: string;
    remedy: string;
    /** File in the run's folder. */
    log: string;
  };
  "server.stopped": { label: string; model: string };
  "warmup.finished": { label: string; model: string };
  "pass.started": { label: string; model: string; pass: number; passes: number; tests: number };
  "test.finished": {
    label: string;
    model: string;
    pass: number;
    test: string;
    category: Category | "custom";
    index: number;
    tests: number;
    outcome: "measured" | "not_applicable" | "failed";
    tokens_per_sec: number | null;
    ttft_s: number | null;
    reason: string | null;
  };
  /** A sound pass; the record is the truth of which the database is a projection. */
  "pass.finished": {
    label: string;
    model: string;
    configuration?: ConfigurationKey;
    pass: number;
    record: BenchmarkRecord;
    /** The requests of its load levels, one by one; left out without any. */
    load_requests?: readonly LoadRequests[];
  };
  /** Kept here and in our own views, never in the database. */
  "pass.failed": {
    label: string;
    model: string;
    configuration?: ConfigurationKey;
    pass: number;
    record: BenchmarkRecord;
    load_requests?: readonly LoadRequests[];
    reasons: string[];
  };
  /** The measurement is worthless for a recorded cause; it is run again. */
  "pass.void": {
    label: string;
    model: string;
    pass: number;
    reason: string;
    /** With its tests; left out for a pass that was cut off. */
    record?: BenchmarkRecord;
  };
  "configuration.finished": {
    label: string;
    gpu: string;
    model: string;
    configuration?: ConfigurationKey;
    state: "measured" | "partial" | "failed" | "not_started";
    passes: number;
    reason: string | null;
  };
}

export type EventType = keyof Facts;

/** What every line has. `ts` is ISO 8601, UTC, on the run's clock; `crc` is CRC-32 of the line without it. */
export interface Envelope {
  readonly v: 1;
  readonly seq: number;
  /** Generation of the owner that wrote it. */
  readonly gen: number;
  readonly ts: string;
  readonly run: string;
  readonly crc: string;
}

/** A fact to be written. */
export type Fact = { [T in EventType]: { readonly type: T } & Readonly<Facts[T]> }[EventType];
/** A fact as it stands in the journal. */
export type SweepEvent = Fact & Envelope;
export type EventOf<T extends EventType> = Extract<SweepEvent, { readonly type: T }>;

/** Where facts go. Resolves once the fact is durable; facts are kept in the order of the calls. */
export interface Journal {
  readonly run: string;
  /** @throws JournalError when it cannot be made durable: then nothing may be created, but may be destroyed. */
  append(fact: Fact): Promise<SweepEvent>;
  /** All that stands in it, those of former owners too. */
  events(): readonly SweepEvent[];
  /** Called after each fact is durable, in order. */
  subscribe(listener: (event: SweepEvent) => void): () => void;
  close(): Promise<void>;
}

/** Proof that we are still the owner. */
export interface Ownership {
  readonly gen: number;
  /** To be called before every mutation of the cloud. @throws FencedError when a newer generation exists. */
  assertCurrent(): void;
}
