/** The faults of API requests (`match`), with the meaning of their other fields. Seconds are virtual. */
export const REQUEST_FAULTS = {
  "drop-before": "the connection breaks before the request is executed",
  "commit-then-drop": "the request is executed, and the connection breaks before the reply",
  "commit-later": "the connection breaks, and the request is executed `seconds` later",
  delay: "the request is executed at once, and the reply is sent `seconds` later",
  status: "the request is not executed; the reply has this `status`, `body` and `headers`",
  "stale-list": "a list is in the state of `seconds` ago",
  "wrong-account": "the reply is that for a token of another account",
  down: "from the `nth` request on, or after `after_seconds`, every request is dropped for `seconds`, or answered with `status`",
  "clock-off":
    "the `Date` header and all times in the reply are `seconds` ahead, or behind if negative",
} as const;

/** The faults of VMs (`vm`); `after_seconds` counts from the boot. */
export const MACHINE_FAULTS = {
  "boot-hangs": "the VM stays in `booting`",
  "ssh-freezes": "the SSH server stops answering",
  "link-breaks":
    "SSH connections break and new ones are refused for `seconds` (30), repeated every `every_seconds`",
  "slow-shutdown": "a reboot's shutdown takes `seconds` (90) longer",
  "slow-deletion": "the deletion takes `seconds` (400) longer",
  "needs-reboot": "the driver loads only after a reboot",
  "module-uninstallable": "the driver's modules have to be built, which takes longer",
  "setup-fails": "no driver can be installed",
  "cloud-init-fails": "`cloud-init status` reports an error, although the VM is set up",
  "parts-remain": "the next start does not remove the incomplete files of a killed download",
  "harmony-breaks": "replies of gpt-oss models break off even with `<|end|>` as a stop token",
  "tight-memory": "vLLM needs 80 % more memory than usual in addition to weights and cache",
  gated: "the model is gated and the token has no access",
  "download-freezes":
    "with Xet, the download stops halfway; with `seconds`, the client then downloads a part again and leaves an incomplete file",
  "start-hangs":
    "the log ends after the checkpoint was downloaded, unless several GPUs run without peer-to-peer access",
  "out-of-memory": "the weights do not fit",
  "graphs-out-of-memory": "capturing graphs runs out of memory, unless `enforce_eager` is set",
  "too-many-seqs":
    "a `max_num_seqs` above `limit` (16) is refused, as for a hybrid model, unless `enforce_eager` is set",
  "server-dies": "the engine crashes in the middle of a measurement",
  stalls: "a stream stops in the middle of a measurement",
  throttles: "the GPUs are hot and slow for `for_seconds` (60)",
  "samples-unavailable": "nvidia-smi prints `[N/A]` instead of the GPUs' figures",
} as const;

/** The other faults. */
export const WORLD_FAULTS = {
  "no-stock":
    "`type` is sold out in `region`; either may be omitted, and with `advertised` the list still shows it as available",
  "address-changes":
    "after `after_seconds` the client has another address, which firewalls do not admit until their rules are updated; its connections break",
} as const;
