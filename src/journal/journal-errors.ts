import { ExitCode, SweepError } from "../support/errors.ts";

/** A fact could not be made durable: nothing may be created any more, but everything may be destroyed. */
export class JournalError extends SweepError {
  constructor(path: string, reason: string) {
    super(`the journal ${path} cannot be written`, {
      exitCode: ExitCode.incomplete,
      reason,
      hint: "make room or make the folder writable; what is rented is destroyed all the same",
    });
    this.name = "JournalError";
  }
}

/** The disk takes no lock file: nothing may be created, for nobody could tell who owns what. */
export class LockError extends SweepError {
  constructor(folder: string, reason: string) {
    super(`the state folder ${folder} cannot be locked`, {
      exitCode: ExitCode.incomplete,
      reason,
      hint: "make room or make it writable; maider-sweep recover destroys what is rented all the same",
    });
    this.name = "LockError";
  }
}

/** Another process has become the owner: this one must not touch the cloud any more. */
export class FencedError extends SweepError {
  /** @param by the role of the newest owner, where it is known */
  constructor(mine: number, newest: number, by?: string) {
    const isGuard = by === "guard";
    super(
      isGuard
        ? "its guard has taken over from this process"
        : `another ${by ?? "process"} has taken over from this process`,
      {
        exitCode: ExitCode.locked,
        reason: isGuard
          ? "this process was suspended, or its machine slept, for more than a minute: the guard destroys its VMs"
          : `this process owned generation ${String(mine)} of the state folder, the newest is ${String(newest)}`,
        hint: isGuard
          ? "maider-sweep status shows what is left; run --resume measures what is missing"
          : "maider-sweep status shows what it does",
      },
    );
    this.name = "FencedError";
  }
}
