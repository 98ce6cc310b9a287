/** What a fault script can do to requests (`match`), with what its other fields mean. Seconds are virtual. */
export const REQUEST_FAULTS = {
  "drop-before": "the connection breaks before anything is done",
  "commit-then-drop": "it is done, and the connection breaks before the answer",
  "commit-later": "the connection breaks, and it is done `seconds` later",
  delay: "it is done at once and answered `seconds` later",
  status: "nothing is done; the answer is `status`, with `body` and `headers`",
  "stale-list": "a list shows what was there `seconds` ago",
  "wrong-account": "it is answered as if the token were another account's",
  down: "from the `nth` request on, or after `after_seconds`, every request is dropped for `seconds`, or answered with `status`",
  "clock-off":
    "the `Date` header and all times in the answer are `seconds` ahead, or behind if negative",
} as const;

/** What a fault script can do to VMs (`vm`); `after_seconds` counts from the boot. */
export const MACHINE_FAULTS = {
  "boot-hangs": "it stays in `booting`",
  "ssh-freezes": "SSH answers nothing any more",
  "link-breaks":
    "SSH connections break and new ones are refused for `seconds` (30), again every `every_seconds`",
  "slow-shutdown": "a reboot's shutdown takes `seconds` (90) longer",
  "slow-deletion": "its deletion takes `seconds` (400) longer",
  "needs-reboot": "the driver loads after a reboot only",
  "module-uninstallable": "the driver's modules have to be built, which takes longer",
  "setup-fails": "no driver can be installed",
  "cloud-init-fails": "`cloud-init status` reports an error, although the VM is set up",
  "parts-remain": "the next start does not remove the incomplete files of a killed download",
  "harmony-breaks": "replies of gpt-oss models break off even with `<|end|>` as a stop token",
  "tight-memory": "vLLM takes 80 % more memory than usual besides weights and cache",
  gated: "the model is gated and the token has no access",
  "download-freezes":
    "with Xet, half of the download comes and then nothing; with `seconds`, the client then starts a part anew and leaves the old one",
  "start-hangs":
    "the log says nothing more once the checkpoint is there, unless several GPUs run without peer-to-peer access",
  "out-of-memory": "the weights do not fit",
  "graphs-out-of-memory": "capturing graphs takes the last memory, unless `enforce_eager` is set",
  "too-many-seqs":
    "more sequences at once than `limit` (16) are refused, as for a hybrid model, unless `enforce_eager` is set",
  "server-dies": "the engine dies in the middle of a measurement",
  stalls: "a stream falls silent in the middle of a measurement",
  throttles: "the GPUs are hot and slow for `for_seconds` (60)",
  "samples-unavailable": "nvidia-smi says `[N/A]` instead of the GPUs' figures",
} as const;

/** What else a fault script can do. */
export const WORLD_FAULTS = {
  "no-stock":
    "`region` has no VM of `type` left; either may be missing, and with `advertised` the list still says it has",
  "address-changes":
    "after `after_seconds` the client has another address: firewalls bar it, and its connections break, until their rules are updated",
} as const;
