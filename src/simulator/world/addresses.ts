/** Loopback addresses of one world: 127.64.x.1 to 127.64.x.253, one a VM, given again when the VM is gone. */
export interface Addresses {
  /** Undefined when all are taken. */
  take(): string | undefined;
  free(address: string): void;
}

/** The last address is kept to mark the subnet as taken; see `claim-subnet.ts`. */
const LAST = 253;

export function createAddresses(subnet: number): Addresses {
  const taken = new Set<string>();
  let last = 0;
  return {
    take() {
      // Goes round, so that an address rests as long as it can before another VM has it.
      for (let step = 1; step <= LAST; step += 1) {
        const host = ((last + step - 1) % LAST) + 1;
        const address = `127.64.${subnet}.${host}`;
        if (taken.has(address)) continue;
        taken.add(address);
        last = host;
        return address;
      }
      return undefined;
    },
    free(address) {
      taken.delete(address);
    },
  };
}
