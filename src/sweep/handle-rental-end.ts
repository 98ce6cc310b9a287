import type { CloudError } from "../cloud/cloud.ts";
import type { PlannedRental } from "../estimate/estimate.ts";
import { errorText } from "../support/errors.ts";
import { dropEntry, requeue, type Admission } from "./admission-queue.ts";
import type { RentalEnd } from "./rental/rental.ts";

/** How many creates that made no VM an entry may have. */
const MAX_LOST_CREATES = 3;

/** Decides after a rental whether its entry is rented again, dropped, or ends the admission. */
export async function handleRentalEnd(
  planned: PlannedRental,
  end: RentalEnd,
  admission: Admission,
): Promise<void> {
  switch (end.kind) {
    case "ended":
      return;
    case "no_stock": {
      const regions = planned.regions.filter(({ region }) => region !== end.region);
      requeue({ ...planned, regions }, `${end.region}: ${end.reason}`, admission);
      return;
    }
    case "not_created": {
      const times = (admission.lostCreates.get(planned.seq) ?? 0) + 1;
      admission.lostCreates.set(planned.seq, times);
      if (times < MAX_LOST_CREATES) requeue(planned, end.reason, admission);
      else await dropEntry(planned, end.reason, admission);
      return;
    }
    case "refused":
      return afterRefusal(planned, end.error, admission);
    case "not_ready": {
      const verdict = admission.breaker.onNotReady(end);
      if (verdict === "retry") requeue(planned, end.reason, admission);
      else await dropEntry(planned, end.reason, admission);
      if (verdict instanceof Error) admission.halted ??= verdict;
    }
  }
}

async function afterRefusal(
  planned: PlannedRental,
  error: CloudError,
  admission: Admission,
): Promise<void> {
  const { running, context, breaker } = admission;
  const reason = errorText(error);
  const others = running.size - 1;
  if (error.kind === "account_limit" && others > 0) {
    admission.limit = others;
    requeue(planned, reason, admission);
    await context.ports.journal.append({ type: "admission.paused", reason });
    return;
  }
  await dropEntry(planned, `it could not be created: ${reason}`, admission);
  admission.halted ??= breaker.onRefusal(planned.gpuId, error);
}
