import {
  CloudError,
  type CloudErrorKind,
  type CloudVm,
  type CreateVm,
  REFUSED_KINDS,
} from "../cloud/cloud.ts";
import type { RentalState } from "../run-state/run-state.ts";
import { errorText } from "../support/errors.ts";
import { vmEventFields } from "./find-vm.ts";
import { lookUpCreate } from "./look-up-create.ts";
import { backOff } from "./retry.ts";
import { apiTimeField } from "./api-time.ts";
import { settleRental } from "./settle-rental.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

export interface ResolveCreate extends TeardownPorts {
  readonly rental: RentalState;
  /** The error of the create. */
  readonly error: unknown;
  /** If set, the create may be sent again under the same label, which can exist only once. */
  readonly request?: CreateVm | undefined;
}

export type CreateOutcome =
  /** The VM exists and is ours; the journal has its id. */
  | { readonly outcome: "created"; readonly vm: CloudVm }
  /** There is no VM; the rental is settled at no cost. `error` is the API's last error. */
  | { readonly outcome: "absent"; readonly error: CloudError | undefined; readonly reason: string };

/** For how long the create is sent again; the lookup continues after that. */
const RESEND_FOR_MS = 360_000;
const REFUSALS: ReadonlySet<CloudErrorKind> = new Set([
  "no_capacity",
  "account_limit",
  "validation",
  ...REFUSED_KINDS,
]);
const NOT_NOW: ReadonlySet<CloudErrorKind> = new Set(["rate_limit", "busy", "maintenance"]);

/**
 * Finds out whether a create without a 2xx answer made a VM: looks for it by its label and adopts it, or sends the
 * create again under the same label, until `lookUpCreate` counts it as absent.
 * @throws the signal's reason, and the rental remains unresolved until `destroyRental` finds out; FencedError;
 *   JournalError if another create could not be announced
 */
export async function resolveCreate(
  options: ResolveCreate,
  signal: AbortSignal,
): Promise<CreateOutcome> {
  const { rental, request, clock } = options;
  const { label } = rental;
  const vmRequest = {
    label,
    gpu: request?.type ?? rental.gpu,
    region: request?.region ?? rental.region,
  };
  const resendUntilMs = clock.now() + RESEND_FOR_MS;
  let { error } = options;
  let mayHaveArrived = false;
  let isOutcomeUnknown = false;
  for (let attempt = 0; ; attempt += 1) {
    const answer = readAnswer(error);
    const reason = errorText(error);
    mayHaveArrived ||= answer !== "not_sent";
    isOutcomeUnknown ||= answer === "unknown";
    const resend = request !== undefined && answer !== "refused" && clock.now() < resendUntilMs;
    if (answer === "unknown")
      await appendBestEffort(options, { type: "create.unknown", label, reason });
    if (mayHaveArrived) {
      const refusal = isOutcomeUnknown ? undefined : reason;
      const lookUp = { refusal, untilFirstAbsence: resend };
      const vm = await lookUpCreate(vmRequest, lookUp, options, signal);
      if (vm !== undefined) {
        await appendBestEffort(options, { type: "create.adopted", ...vmEventFields(vm) });
        return { outcome: "created", vm };
      }
    }
    if (!resend) {
      await settleRental(rental, options);
      return { outcome: "absent", error: error instanceof CloudError ? error : undefined, reason };
    }
    if (answer !== "unknown") await backOff(error, attempt, label, options, signal);
    const next = await sendAgain(request, options);
    if ("vm" in next) return { outcome: "created", vm: next.vm };
    ({ error } = next);
  }
}

async function sendAgain(
  request: CreateVm,
  options: ResolveCreate,
): Promise<{ readonly vm: CloudVm } | { readonly error: unknown }> {
  const { cloud, journal, ownership } = options;
  const { label } = request;
  await journal.append({ type: "create.sent", label, ...apiTimeField(options) });
  ownership.assertCurrent();
  let vm: CloudVm;
  try {
    vm = await cloud.createVm(request);
  } catch (error) {
    return { error };
  }
  await appendBestEffort(options, { type: "create.acknowledged", ...vmEventFields(vm) });
  return { vm };
}

/** Whether the error means that the request did not arrive, was refused, may succeed later, or none of these. */
function readAnswer(error: unknown): "not_sent" | "refused" | "later" | "unknown" {
  if (!(error instanceof CloudError)) return "unknown";
  if (!error.sent) return "not_sent";
  if (REFUSALS.has(error.kind)) return "refused";
  return NOT_NOW.has(error.kind) ? "later" : "unknown";
}
