import { ExitCode, SweepError } from "../support/errors.ts";

/** The journal cannot be written. VMs may be destroyed, but no more may be created. */
export class JournalError extends SweepError {
  constructor(path: string, reason: string) {
    super(`the journal ${path} cannot be written`, {
      exitCode: ExitCode.incomplete,
      reason,
      hint: "make room or make the folder writable; VMs are still destroyed",
    });
    this.name = "JournalError";
  }
}

/** The lock file cannot be written. Nothing may be created, because its owner could not be determined. */
export class LockError extends SweepError {
  constructor(folder: string, reason: string) {
    super(`the state folder ${folder} cannot be locked`, {
      exitCode: ExitCode.incomplete,
      reason,
      hint: "make room or make it writable; maider-sweep recover still destroys VMs",
    });
    this.name = "LockError";
  }
}

/** Another process has become the owner, so this one must not change the cloud anymore. */
export class FencedError extends SweepError {
  /** @param by the role of the newest owner, if known */
  constructor(ownGeneration: number, newest: number, by?: string) {
    const isGuard = by === "guard";
    super(
      isGuard
        ? "its guard has taken over from this process"
        : `another ${by ?? "process"} has taken over from this process`,
      {
        exitCode: ExitCode.locked,
        reason: isGuard
          ? "this process or its machine was suspended for more than a minute, so the guard destroys its VMs"
          : `this process owned generation ${String(ownGeneration)} of the state folder, the newest is ${String(newest)}`,
        hint: isGuard
          ? "maider-sweep status shows the remaining VMs; run --resume measures what is missing"
          : "maider-sweep status shows what the other process does",
      },
    );
    this.name = "FencedError";
  }
}
