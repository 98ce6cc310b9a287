import { finding, secondsText } from "./finding.ts";
import type { Finding, RunEvidence } from "./finding.ts";
import type { ServerStart } from "./live-evidence.ts";

/** Check 10: tensor parallelism on two GPUs. */
export function judgePeerToPeer(run: RunEvidence): Finding {
  const { disabled, usual } = run.evidence.peerToPeer ?? {};
  const fellBack =
    usual?.start.ready === true &&
    usual.start.engine.settings["disable_custom_all_reduce"] === true;
  return finding(
    {
      number: 10,
      check: "two GPUs, with and without peer-to-peer access",
      expected: "vLLM starts with it",
    },
    [
      {
        holds: usual && usual.start.ready && !fellBack,
        seen: fellBack
          ? "with: the start hung, and was repeated without"
          : `with: ${startText(usual?.start)}, ${speedText(usual?.tokensPerSecond)}`,
        change:
          "Disable peer-to-peer access by default for this type: a hung start costs ten minutes.",
      },
      {
        holds: disabled && disabled.start.ready,
        seen: `without: ${startText(disabled?.start)}, ${speedText(disabled?.tokensPerSecond)}`,
        change:
          "The retry without peer-to-peer access does not help: see src/sweep/rental/plan-server-retry.ts.",
      },
    ],
    run,
  );
}

function startText(start: ServerStart | undefined): string {
  if (start === undefined) return "not started";
  return start.ready ? `ready after ${secondsText(start.seconds)}` : start.cause;
}

function speedText(tokensPerSecond: number | undefined): string {
  return tokensPerSecond === undefined ? "no reply" : `${tokensPerSecond.toFixed(1)} tokens/s`;
}
