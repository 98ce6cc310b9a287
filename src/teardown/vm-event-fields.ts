import type { CloudVm } from "../cloud/cloud.ts";
import { isoUtc } from "../support/clock.ts";

/** What a journal keeps of a VM that was found or made. */
export function vmEventFields({ id, label, ipv4 = "", createdMs, type, region }: CloudVm) {
  return { label, vm_id: id, ipv4, created: isoUtc(createdMs), gpu: type, region };
}
