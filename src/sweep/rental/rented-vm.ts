/** A VM that was created for a reservation. */
export interface RentedVm {
  readonly label: string;
  readonly vmId: number;
  readonly ipv4: string;
  readonly region: string;
  readonly priceMicroUsd: number;
  /** The host key that it was given; OpenSSH wire form, base64. */
  readonly hostKey: string;
  /** A former owner has left it, with the server of its first configuration perhaps running. */
  readonly serverMayRun: boolean;
}
