import type { LoadRequests } from "../evidence/load-result.ts";
import type { BenchmarkRecord } from "../evidence/record.ts";
import type { Category } from "../evidence/suite.ts";
import type { MicroUsd } from "../support/money.ts";

/** Identifies a configuration among those of a GPU type and model (`configurationKey`). Not written by version 0.1. */
type ConfigurationKey = string;

/** A VM that exists. */
export interface FoundVm {
  label: string;
  vm_id: number;
  ipv4: string;
  /** ISO 8601, by the API's clock, by which Linode bills. */
  created?: string;
  gpu?: string;
  region?: string;
  /** Price per hour; set if the journal has lost the reservation. */
  price_micro_usd?: MicroUsd;
}

/**
 * The facts of a sweep, by event type. A fact is durable before the action that it announces, so each is also a crash
 * point. Field names are snake_case because `--json` prints them as they are.
 */
export interface Facts {
  /** First line of every journal. */
  "run.opened": {
    plan: string;
    cap_micro_usd: MicroUsd;
    monthly_cap_micro_usd: MicroUsd | null;
    /** Id of the simulated world; null on the real cloud. */
    world: string | null;
    api_url: string;
    /** Fingerprint of the account. A 404 proves that a VM is deleted only in the same account. */
    account: string;
    /** The database file to which sound passes are published. */
    database: string;
    ssh_port: number;
    /** The GPU types of the plan. Not written by version 0.1. */
    gpus?: string[];
    rentals: number;
    configurations: number;
    concurrency: number;
    /** Of the configuration with the most. */
    passes: number;
    /** Of all configurations together. Not written by version 0.1. */
    total_passes?: number;
    likely_micro_usd: MicroUsd;
    worst_micro_usd: MicroUsd;
    version: string;
    pid: number;
  };
  /** Another process took over the run. */
  "run.adopted": {
    by: "resume" | "recover" | "guard" | "down";
    pid: number;
    /** The new simulated world, if the original one has ended. */
    moved?: { world: string; api_url: string };
  };
  "run.stopping": { reason: string };
  "run.closed": { exit_code: number; state: "finished" | "interrupted" | "crashed" };
  "guard.acknowledged": { pid: number };
  "guard.lost": { pid: number };
  "clock.jumped": { milliseconds: number };
  /** The API's clock minus ours. */
  "clock.differs": { milliseconds: number };
  /** The account's uninvoiced balance before the first create. */
  "account.read": { uninvoiced_micro_usd: MicroUsd };
  /** After the last VM is deleted: the growth of that balance, and what the ledger has spent meanwhile. */
  "account.compared": { grown_micro_usd: MicroUsd; spent_micro_usd: MicroUsd };
  /** The simulated world has ended, and all its VMs with it. */
  "world.ended": { world: string };

  "firewall.intended": { label: string; cidrs: string[] };
  "firewall.acknowledged": { label: string; firewall_id: number };
  /** It now admits the caller's new address instead of the intended ones. */
  "firewall.updated": { label: string; cidrs: string[] };
  "firewall.gone": { label: string };

  "entry.skipped": { gpu: string; model: string; reason: string };
  /** The entry exceeds the cap now, and waits until open reservations free money. */
  "entry.waiting": { rental: number; gpu: string; needed_micro_usd: MicroUsd };
  "entry.not_started": { rental: number; gpu: string; models: string[]; reason: string };

  /** No more VMs are created for now. Existing rentals continue. */
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
    /** ISO 8601. The VM is destroyed at this time; the label expires later. */
    deadline: string;
    /** When the label expires, by our clock. The label itself has the time by the API's clock. */
    expires: string;
    /** OpenSSH wire form, base64. */
    host_key: string;
  };
  "create.intended": { label: string; gpu: string; region: string; price_micro_usd: MicroUsd };
  /** The ledger counts hours from here. `by_the_api` as for `rental.gone`. */
  "create.sent": { label: string; by_the_api?: string };
  "create.acknowledged": FoundVm;
  /** It is unknown whether the request created a VM. */
  "create.unknown": { label: string; reason: string };
  "create.adopted": FoundVm;
  /** A check did not find the label. After two checks, far enough apart, `rental.gone` follows. */
  "create.absent": { label: string; look: number; refusal: string };
  /** A resumed run continues on a VM of the interrupted one. */
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
  /** The VM remains until `down` or its expiry. Guard and `recover` do not destroy it. */
  "rental.held": { label: string; reason: string; until: string };
  "rental.failed": { label: string; stage: string; reason: string };
  "destroy.intended": { label: string; reason: string };
  "destroy.sent": { label: string; vm_id: number };
  /** The first check after which the VM was not found; `rental.gone` is the second. */
  "destroy.unseen": { label: string };
  /** `by_the_api`: ISO 8601, the time by the API's clock, by which Linode bills, if known. */
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
    /** The stage in which it failed, such as "pass 2"; left out if it never became ready. */
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
  /** A sound pass. Its record is published to the database. */
  "pass.finished": {
    label: string;
    model: string;
    configuration?: ConfigurationKey;
    pass: number;
    record: BenchmarkRecord;
    /** The requests of its load levels, one by one; left out if there are none. */
    load_requests?: readonly LoadRequests[];
  };
  /** A failed pass, whose record is not published to the database. */
  "pass.failed": {
    label: string;
    model: string;
    configuration?: ConfigurationKey;
    pass: number;
    record: BenchmarkRecord;
    load_requests?: readonly LoadRequests[];
    reasons: string[];
  };
  /** The measurement was disturbed for this reason, and is repeated. */
  "pass.void": {
    label: string;
    model: string;
    pass: number;
    reason: string;
    /** Left out if the pass was interrupted. */
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

/** The fields of every line. */
export interface Envelope {
  readonly v: 1;
  readonly seq: number;
  /** Generation of the owner that wrote it. */
  readonly gen: number;
  /** ISO 8601, UTC, on the run's clock. */
  readonly ts: string;
  readonly run: string;
  /** CRC-32 of the line without this field. */
  readonly crc: string;
}

/** A fact to be written. */
export type Fact = { [T in EventType]: { readonly type: T } & Readonly<Facts[T]> }[EventType];
/** A line of the journal: a fact with its envelope. */
export type SweepEvent = Fact & Envelope;
export type EventOf<T extends EventType> = Extract<SweepEvent, { readonly type: T }>;

/** The append-only log of a run. */
export interface Journal {
  readonly run: string;
  /**
   * Resolves once the fact is durable. Facts are written in the order of the calls.
   * @throws JournalError if it cannot be written; VMs may then be destroyed but not created
   */
  append(fact: Fact): Promise<SweepEvent>;
  /** All events, including those of earlier owners. */
  events(): readonly SweepEvent[];
  /** The listener is called for each event, in order, once it is durable. */
  subscribe(listener: (event: SweepEvent) => void): () => void;
  close(): Promise<void>;
}

/** The ownership of a run, which another process may take over. */
export interface Ownership {
  readonly gen: number;
  /** Call it before every change to the cloud. @throws FencedError if a newer generation exists */
  assertCurrent(): void;
}
