import type { InspectionJson } from "../../machine/agent-protocol.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";
import type { VllmProcess } from "../vllm/vllm-process.ts";

/** Ubuntu's kernel on the VM. */
export const KERNEL = "6.8.0-87-generic";
const MODULE_PACKAGE = `linux-modules-nvidia-580-server-open-${KERNEL}`;
/** Shares of the set-up's time in which the image's layers are downloaded and, after that, unpacked. */
const PULL = 0.21;
const UNPACK = 0.17;

interface InspectedGuest {
  readonly bootId: string;
  readonly rebootRequested: boolean;
  readonly setupSeconds: number;
  readonly server: VllmProcess | undefined;
  /** That killed downloads of its model have left. */
  readonly incompleteFiles: number;
  readonly has: (action: MachineFault["action"]) => boolean;
}

/** What the agent finds on a VM whose set-up is done. */
export function inspectGuest(guest: InspectedGuest): InspectionJson {
  const { server, setupSeconds } = guest;
  const uninstallable = guest.has("module-uninstallable");
  const status = server?.status();
  const downloading = status?.state === "downloading";
  const complete = status !== undefined && !downloading;
  return {
    uid: 0,
    kernel: KERNEL,
    boot_id: guest.bootId,
    cloud_init: guest.has("cloud-init-fails") ? "error" : "done",
    cloud_init_errors: guest.has("cloud-init-fails")
      ? ["('ssh', RuntimeError('the host key cannot be written'))"]
      : [],
    module_package: MODULE_PACKAGE,
    module_installed: !uninstallable,
    module_installable: !uninstallable,
    module_reason: uninstallable
      ? "E: Unable to correct problems, you have held broken packages."
      : "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.",
    nouveau_loaded: false,
    nvidia_loaded: true,
    reboot_requested: guest.rebootRequested,
    pull_seconds: Math.round(PULL * setupSeconds),
    unpack_seconds: Math.round(UNPACK * setupSeconds),
    complete_bytes: complete ? status.downloaded_bytes : 0,
    incomplete_files: guest.incompleteFiles + (downloading ? 1 : 0),
  };
}
