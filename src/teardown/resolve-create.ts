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
  /** What the create threw. */
  readonly error: unknown;
  /** With it the create may be sent again, under the same label, which the API lets exist only once. */
  readonly request?: CreateVm | undefined;
}

export type CreateOutcome =
  /** The VM exists and is ours; the journal has its id. */
  | { readonly outcome: "created"; readonly vm: CloudVm }
  /** There is none; the journal has the rental as gone, at no cost. `error` is the API's last answer. */
  | { readonly outcome: "absent"; readonly error: CloudError | undefined; readonly reason: string };

/** No further create is sent after so long; what was sent is still looked for. */
const TRY_AGAIN_FOR_MS = 360_000;
const REFUSALS: ReadonlySet<CloudErrorKind> = new Set([
  "no_capacity",
  "account_limit",
  "validation",
  ...REFUSED_KINDS,
]);
const NOT_NOW: ReadonlySet<CloudErrorKind> = new Set(["rate_limit", "busy", "maintenance"]);

/**
 * Finds out what became of a create that was not answered by a 2xx: finds the VM by its label and adopts it, tries
 * again under the same label, or believes that there is none after two looks far enough apart.
 * @throws the signal's reason: then the rental is unresolved, and `destroyRental` goes on looking; FencedError;
 * JournalError when a further create could not be announced.
 */
export async function resolveCreate(
  options: ResolveCreate,
  signal: AbortSignal,
): Promise<CreateOutcome> {
  const { rental, request, clock } = options;
  const { label } = rental;
  const wanted = {
    label,
    gpu: request?.type ?? rental.gpu,
    region: request?.region ?? rental.region,
  };
  const tryAgainUntilMs = clock.now() + TRY_AGAIN_FOR_MS;
  let { error } = options;
  let arrived = false;
  let inDoubt = false;
  for (let attempt = 0; ; attempt += 1) {
    const answer = readAnswer(error);
    const reason = errorText(error);
    arrived ||= answer !== "not_sent";
    inDoubt ||= answer === "unknown";
    const again = request !== undefined && answer !== "refused" && clock.now() < tryAgainUntilMs;
    if (answer === "unknown")
      await appendBestEffort(options, { type: "create.unknown", label, reason });
    if (arrived) {
      const lookUp = { refusal: inDoubt ? undefined : reason, untilFirstAbsence: again };
      const vm = await lookUpCreate(wanted, lookUp, options, signal);
      if (vm !== undefined) {
        await appendBestEffort(options, { type: "create.adopted", ...vmEventFields(vm) });
        return { outcome: "created", vm };
      }
    }
    if (!again) {
      await settleRental(rental, options);
      return { outcome: "absent", error: error instanceof CloudError ? error : undefined, reason };
    }
    if (answer !== "unknown") await backOff(error, attempt, label, options, signal);
    const next = await createAgain(request, options);
    if ("vm" in next) return { outcome: "created", vm: next.vm };
    ({ error } = next);
  }
}

async function createAgain(
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

/** What an answer tells of the VM: nothing arrived, no, not now, or nothing at all. */
function readAnswer(error: unknown): "not_sent" | "refused" | "later" | "unknown" {
  if (!(error instanceof CloudError)) return "unknown";
  if (!error.sent) return "not_sent";
  if (REFUSALS.has(error.kind)) return "refused";
  return NOT_NOW.has(error.kind) ? "later" : "unknown";
}
