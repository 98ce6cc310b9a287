import type { SshKey } from "./ports.ts";

/** A VM that was created for a reservation. */
export interface RentedVm {
  readonly label: string;
  readonly vmId: number;
  readonly ipv4: string;
  readonly region: string;
  readonly priceMicroUsd: number;
  readonly hostKey: SshKey;
}
