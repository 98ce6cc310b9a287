/** The way from the program to its VMs: it can break and heal, and lead from another public address. */
export interface Network {
  /** Public address from which the VMs are reached. */
  readonly address: string;
  readonly isUp: boolean;
  /** A connection is alive as long as this is the number it was opened under. */
  readonly epoch: number;
  /** Breaks every connection; none can be opened until `heal`. */
  cut(): void;
  heal(): void;
  /** Breaks every connection; new ones come from another address. */
  move(address: string): void;
}

export function createNetwork(address = "127.0.0.1"): Network {
  let current = address;
  let isUp = true;
  let epoch = 1;
  return {
    get address() {
      return current;
    },
    get isUp() {
      return isUp;
    },
    get epoch() {
      return epoch;
    },
    cut() {
      epoch += 1;
      isUp = false;
    },
    heal() {
      isUp = true;
    },
    move(next) {
      epoch += 1;
      current = next;
    },
  };
}
