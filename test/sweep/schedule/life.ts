import type { Cloud } from "../../../src/cloud/cloud.ts";
import type { Fact, Journal, Ownership } from "../../../src/journal/events.ts";
import type { Clock } from "../../../src/support/clock.ts";

/** Dies before or after its n-th fact. */
export interface DeathAtFact {
  readonly facts: number;
  readonly before: boolean;
}

/**
 * A process: what it waits for comes only while it lives, and not while it is stopped. Everything that it awaits goes
 * through here.
 */
export interface Life {
  readonly clock: Clock;
  /** By how much its wall clock is ahead of the world's. */
  readonly stepMs: () => number;
  /** Dead or stopped. */
  readonly away: Promise<void>;
  isDead(): boolean;
  kill(): void;
  /** As SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  receive<T>(promise: Promise<T>): Promise<T>;
}

export function newLife(clock: Clock, stepMs: () => number): Life {
  let dead = false;
  let leave: () => void = () => undefined;
  let go: () => void = () => undefined;
  let gate = Promise.resolve();
  const away = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const receive = <T>(promise: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const deliver = async (act: () => void): Promise<void> => {
        await gate;
        if (!dead) act();
      };
      promise.then(
        (value) => deliver(() => resolve(value)),
        (error: unknown) => deliver(() => reject(error)),
      );
    });
  return {
    clock: {
      ...clock,
      now: () => clock.now() + stepMs(),
      sleep: (ms, signal) => receive(clock.sleep(ms, signal)),
    },
    stepMs,
    away,
    isDead: () => dead,
    kill() {
      dead = true;
      leave();
    },
    pause() {
      gate = new Promise((resolve) => {
        go = resolve;
      });
      leave();
    },
    resume: () => go(),
    receive,
  };
}

export function journalOf(
  life: Life,
  journal: Journal,
  death: DeathAtFact | undefined,
  onDeath: () => void,
): Journal {
  let facts = 0;
  const never = new Promise<never>(() => undefined);
  return {
    ...journal,
    append: async (fact: Fact) => {
      if (life.isDead()) return never;
      facts += 1;
      const last = death !== undefined && facts === death.facts;
      if (last) onDeath();
      if (last && death.before) {
        life.kill();
        return never;
      }
      const event = await life.receive(journal.append(fact));
      if (!last) return event;
      life.kill();
      return never;
    },
  };
}

/** @param onForbidden told of a change that a life sends although another one has taken over. */
export function cloudOf(
  life: Life,
  cloud: Cloud,
  ownership: Ownership,
  onForbidden: (what: string) => void,
): Cloud {
  const through =
    <A extends unknown[], T>(name: string, call: (...args: A) => Promise<T>, changes: boolean) =>
    (...args: A): Promise<T> => {
      if (life.isDead()) return new Promise<T>(() => undefined);
      if (changes && !isCurrent(ownership)) onForbidden(`${name} after another one took over`);
      return life.receive(call(...args));
    };
  return {
    clockOffsetMs: () => -life.stepMs(),
    prices: through("prices", (signal) => cloud.prices(signal), false),
    availability: through("availability", (signal) => cloud.availability(signal), false),
    account: through("account", (signal) => cloud.account(signal), false),
    listVms: through("listVms", (filter, signal) => cloud.listVms(filter, signal), false),
    getVm: through("getVm", (id, signal) => cloud.getVm(id, signal), false),
    listFirewalls: through("listFirewalls", (by, signal) => cloud.listFirewalls(by, signal), false),
    createVm: through("createVm", (request) => cloud.createVm(request), true),
    createFirewall: through("createFirewall", (request) => cloud.createFirewall(request), true),
    updateFirewall: through(
      "updateFirewall",
      (id, sshCidrs) => cloud.updateFirewall(id, sshCidrs),
      true,
    ),
    deleteVm: through("deleteVm", (id) => cloud.deleteVm(id), true),
    deleteFirewall: through("deleteFirewall", (id) => cloud.deleteFirewall(id), true),
    rebootVm: through("rebootVm", (id) => cloud.rebootVm(id), true),
    bootVm: through("bootVm", (id) => cloud.bootVm(id), true),
  };
}

function isCurrent(ownership: Ownership): boolean {
  try {
    ownership.assertCurrent();
    return true;
  } catch {
    return false;
  }
}
