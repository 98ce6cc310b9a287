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
  constructor(mine: number, newest: number) {
    super("another process has taken over this state folder", {
      exitCode: ExitCode.locked,
      reason: `this process owned generation ${String(mine)}, the newest is ${String(newest)}`,
      hint: "maider-sweep status shows what it does",
    });
    this.name = "FencedError";
  }
}
