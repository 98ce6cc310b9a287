import { gpuName, modelName } from "../catalog/short-names.ts";
import type { RunState } from "../run-state/run-state.ts";
import { serverFailureText } from "../run-state/run-state.ts";
import { isInterruption } from "../support/interrupts.ts";

/** A failure of a run, for the user. */
export interface Failure {
  readonly gpu: string;
  /** A model, a pass of it or a VM's label. */
  readonly subject: string;
  /** `void`, `failed`, `not started`, `skipped`, or where it failed. */
  readonly kind: string;
  readonly reason: string;
  /** File name of the server's log. */
  readonly log?: string;
}

/** What a run's journal says failed and why. What the user stopped is no failure. */
export function failuresOf(state: RunState): Failure[] {
  const gpuOf = (label: string): string => state.rentals.get(label)?.gpu ?? "";
  const failures = [
    ...state.failures.map((event) =>
      event.type === "server.failed"
        ? {
            gpu: gpuOf(event.label),
            subject: event.model,
            kind: serverFailureText(event.during),
            reason: `${event.cause}: ${event.evidence}; ${event.remedy}`,
            log: event.log,
          }
        : {
            gpu: gpuOf(event.label),
            subject: event.label,
            kind: `VM, in ${event.stage}`,
            reason: event.reason,
          },
    ),
    ...state.passes.flatMap((event) => {
      if (event.type === "pass.finished") return [];
      const isVoid = event.type === "pass.void";
      return {
        gpu: gpuOf(event.label),
        subject: `${event.model}, pass ${event.pass}`,
        kind: isVoid ? "void" : "failed",
        reason: isVoid ? event.reason : event.reasons.join("; "),
      };
    }),
    ...state.notStarted.map(({ gpu, models, reason }) => ({
      gpu,
      subject: models.join(", "),
      kind: "not started",
      reason,
    })),
    ...state.skipped.map(({ gpu, model, reason }) => ({
      gpu,
      subject: model,
      kind: "skipped",
      reason,
    })),
  ];
  return failures.filter(({ reason }) => !isInterruption(reason));
}

/** All failures, a line each. */
export function failureLines(state: RunState): string[] {
  return failuresOf(state).map(
    ({ gpu, subject, kind, reason, log }) =>
      `${gpu} ${subject}: ${kind}: ${reason}${log === undefined ? "" : ` (log: ${log})`}`,
  );
}

/** A line for each configuration that was not measured, or not completely, and why. What the user stopped is left out. */
export function unmeasuredLines(state: RunState): string[] {
  const servers = state.failures.filter((event) => event.type === "server.failed");
  const failed = state.configurations
    .filter(({ reason, state: end }) => end !== "measured" && !isInterruption(reason ?? ""))
    .map(({ gpu, model, passes, reason, state: end }) => {
      const server = servers.findLast(
        (event) => event.model === model && state.rentals.get(event.label)?.gpu === gpu,
      );
      const why =
        server === undefined
          ? (reason ?? "no reason given")
          : `${serverFailureText(server.during)}: ${server.cause}: ${server.evidence}; ${server.remedy} (log: ${server.log})`;
      const soundPasses = passes === 1 ? "1 sound pass" : `${passes} sound passes`;
      return `${gpuName(gpu)} ${modelName(model)}: ${end.replace("_", " ")}, ${soundPasses}: ${why}`;
    });
  const others = [
    ...state.notStarted
      .filter(({ reason }) => !isInterruption(reason))
      .map((one) => [one, "not started"] as const),
    ...state.skipped.map(({ model, ...one }) => [{ ...one, models: [model] }, "skipped"] as const),
  ].map(
    ([{ gpu, models, reason }, kind]) =>
      `${gpuName(gpu)} ${models.map(modelName).join(", ")}: ${kind}: ${reason}`,
  );
  return [...failed, ...others];
}

/** What kept a run from being complete, with full ids, a line each. */
export function incompleteLines(state: RunState): string[] {
  return [
    ...state.configurations
      .filter((configuration) => configuration.state !== "measured")
      .map(
        ({ gpu, model, state: end, passes, reason }) =>
          `${gpu} ${model}: ${end.replace("_", " ")}, sound passes ${String(passes)}: ${reason ?? "no reason given"}`,
      ),
    ...state.notStarted.map(
      ({ gpu, models, reason }) => `${gpu} ${models.join(", ")}: not started: ${reason}`,
    ),
  ];
}
