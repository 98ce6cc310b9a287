import { eventsOfVm, findEvent, finding, secondsText } from "./finding.ts";
import type { Finding, RunEvidence } from "./finding.ts";

/** Longest usual times, seconds. A reboot may take `TIMEOUTS.rebootMs` before the sweep gives up. */
const USUAL = { shutdown: 60, reboot: 240, ssh: 90 };

/** Check 1: the driver of the running kernel, and whether it loads without a reboot. */
export function judgeDriver(run: RunEvidence): Finding {
  const { afterSetup } = run.evidence;
  const events = eventsOfVm(run);
  const failed = findEvent(events, "ssh.ready") !== undefined && afterSetup === undefined;
  const setupFailure = failed ? findEvent(events, "rental.failed") : undefined;
  const head = {
    number: 1,
    check: "driver modules for the running kernel",
    expected:
      "the package of prebuilt modules can be installed, nouveau is not loaded, and the driver loads without a reboot",
  } as const;
  if (setupFailure !== undefined) {
    const change =
      "The set-up does not succeed on this image: see `maider-sweep logs`, then templates/setup.sh.";
    return finding(head, [{ holds: false, seen: setupFailure.reason, change }], run);
  }
  const name = afterSetup?.modulePackage;
  return finding(
    head,
    [
      {
        holds: afterSetup && (name === undefined || afterSetup.moduleInstallable),
        seen:
          name === undefined
            ? `kernel ${afterSetup?.kernel ?? ""}: the image has its own driver`
            : `kernel ${afterSetup?.kernel ?? ""}: ${name} ${afterSetup?.moduleInstalled === true ? "is installed" : `is not installed (${afterSetup?.moduleReason ?? ""})`}`,
        change:
          "DKMS builds the modules, which takes longer: raise SETUP_SECONDS in src/estimate/forecast.ts.",
      },
      {
        holds: afterSetup && !afterSetup.nouveauLoaded,
        seen: afterSetup?.nouveauLoaded === true ? "nouveau is loaded" : "nouveau is not loaded",
        change: "Blacklist nouveau in templates/setup.sh before the driver is installed.",
      },
      {
        holds: afterSetup && afterSetup.nvidiaLoaded && !afterSetup.rebootRequested,
        seen:
          afterSetup?.rebootRequested === true
            ? "the driver needed a reboot"
            : "modprobe was enough",
        change:
          "Make the reboot usual: add it to SETUP_SECONDS in src/estimate/forecast.ts, and to the simulated cloud's default.",
      },
    ],
    run,
  );
}

/** Check 2: a reboot through the API. */
export function judgeReboot(run: RunEvidence): Finding {
  const { afterReboot, afterSetup, reboot } = run.evidence;
  const { lastSeenS = 0 } = reboot ?? {};
  return finding(
    {
      number: 2,
      check: "a reboot through the API",
      expected: `the old boot stops answering within ${secondsText(USUAL.shutdown)}, the new one answers within ${secondsText(USUAL.reboot)} under another boot ID, with the driver loaded`,
    },
    [
      {
        holds: reboot && lastSeenS <= USUAL.shutdown,
        seen: `the old boot last answered after ${secondsText(lastSeenS)}`,
        change: "Set shutdownSeconds in src/simulator/world/coefficients.ts to what was seen.",
      },
      {
        holds: reboot && reboot.backS <= USUAL.reboot,
        seen: `the new one after ${secondsText(reboot?.backS ?? 0)}`,
        change:
          "Raise TIMEOUTS.rebootMs in src/sweep/timeouts.ts to twice what was seen, and rebootSeconds in src/simulator/world/coefficients.ts.",
      },
      {
        holds: afterReboot && afterReboot.bootId !== afterSetup?.bootId,
        seen: `boot ID ${afterSetup?.bootId ?? "unknown"}, then ${afterReboot?.bootId ?? ""}`,
        change: "Distinguish the boots by something else in src/sweep/rental/boot-vm.ts.",
      },
      {
        holds: afterReboot?.nvidiaLoaded,
        seen: afterReboot?.nvidiaLoaded === true ? "the driver is loaded" : "no driver is loaded",
        change: "Have templates/setup.sh load the driver on each boot.",
      },
    ],
    run,
  );
}

/** Check 3: the first login. */
export function judgeFirstLogin(run: RunEvidence): Finding {
  const events = eventsOfVm(run);
  const running = findEvent(events, "boot.running");
  const ready = findEvent(events, "ssh.ready");
  const failure = ready === undefined ? findEvent(events, "rental.failed") : undefined;
  const { afterSetup } = run.evidence;
  const seconds = ready && ready.seconds - (running?.seconds ?? 0);
  const cloudInit = [
    `cloud-init: ${afterSetup?.cloudInit ?? ""}`,
    ...(afterSetup?.cloudInitErrors ?? []),
  ].join(", ");
  return finding(
    {
      number: 3,
      check: "host key, root login, user-data",
      expected: `the first login under the pinned host key within ${secondsText(USUAL.ssh)} of \`running\`, as root; cloud-init without errors`,
    },
    [
      {
        holds: running && (seconds === undefined ? failure && false : seconds <= USUAL.ssh),
        seen:
          seconds === undefined
            ? `no login: ${failure?.reason ?? ""}`
            : `login after ${secondsText(seconds)}`,
        change:
          "If the host key differs, cloud-init does not install `ssh_keys`: see src/machine/user-data.ts. If the login is late, raise BOOT_SECONDS in src/estimate/forecast.ts.",
      },
      {
        holds: afterSetup && afterSetup.uid === 0,
        seen: afterSetup?.uid === 0 ? "as root" : `as user ${String(afterSetup?.uid)}`,
        change: "Logins are not as root: see `disable_root` in src/machine/user-data.ts.",
      },
      {
        holds:
          afterSetup && afterSetup.cloudInitErrors.length === 0 && afterSetup.cloudInit !== "error",
        seen: cloudInit,
        change: "Correct the cause of cloud-init's errors in src/machine/user-data.ts.",
      },
    ],
    run,
  );
}
