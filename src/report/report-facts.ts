import type { BenchmarkRecord } from "../evidence/record.ts";
import type { SweepEvent } from "../journal/events.ts";
import type { RunState } from "../run-state/run-state.ts";

/** Everything that the report is made from. */
export interface ReportFacts {
  readonly records: readonly BenchmarkRecord[];
  /** The newest last. */
  readonly runs: readonly ReportedRun[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly staleAfterDays: number;
  /** Includes imported records in rankings and charts. By default they are only in the table, separately. */
  readonly withImported?: boolean;
  readonly version: string;
  readonly database: string;
  /** What was wrong with the database, one line each. */
  readonly problems: readonly string[];
}

export interface ReportedRun {
  readonly state: RunState;
  readonly events: readonly SweepEvent[];
  /** The run's own clock: a simulated world has another one. */
  readonly nowMs: number;
}

/** Style sheet and script to embed in the page. */
export interface PageAssets {
  readonly style: string;
  readonly script: string;
}

/** What a chart and the choice by speed look at: all tests together, or those of one category. */
export const VIEWS = [
  { id: "all", title: "All tests", category: undefined },
  { id: "coding", title: "Coding", category: "coding" },
  { id: "context_heavy", title: "Context-heavy", category: "context_heavy" },
  { id: "reasoning", title: "Reasoning", category: "reasoning" },
] as const;
