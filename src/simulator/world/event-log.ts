export interface WorldEvent {
  readonly id: number;
  readonly account: string;
  readonly action: string;
  readonly createdMs: number;
  readonly entity: { readonly id: number; readonly type: string; readonly label: string };
  status: "started" | "finished" | "failed" | "notification";
  finishedMs: number | undefined;
}

/** What `/account/events` tells. */
export interface EventLog {
  begin(account: string, action: string, entity: WorldEvent["entity"], nowMs: number): WorldEvent;
  note(account: string, action: string, entity: WorldEvent["entity"], nowMs: number): void;
  all(account: string): readonly WorldEvent[];
}

export function createEventLog(): EventLog {
  const events: WorldEvent[] = [];
  const begin: EventLog["begin"] = (account, action, entity, createdMs) => {
    const event: WorldEvent = {
      id: events.length + 1,
      account,
      action,
      createdMs,
      entity,
      status: "started",
      finishedMs: undefined,
    };
    events.push(event);
    return event;
  };
  return {
    begin,
    note(account, action, entity, nowMs) {
      begin(account, action, entity, nowMs).status = "notification";
    },
    all: (account) => events.filter((event) => event.account === account),
  };
}

export function finish(event: WorldEvent, nowMs: number): void {
  event.status = "finished";
  event.finishedMs = nowMs;
}
