import { ExitCode } from "../../support/errors.ts";
import { cloudOptions, jsonOption, outputOptions, stateOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { cloudRequest } from "../requests.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "gpus",
  group: "plan",
  summary: "List GPU types, their prices and where they are in stock",
  about: [
    "Prices and stock are those of Linode's API just now; no token is needed, but with one the types that only some accounts see are listed too. When the API does not answer, the built-in prices are shown, with a warning, and the regions where the card is usually sold.",
    '`--json` prints `{"gpus":[{"id","name","cards","memory_gib","price_per_hour","regions","prices"}]}`: `memory_gib` is that of all cards together, `price_per_hour` in US dollars, `regions` those in stock, the cheapest first, and `prices` is `live` or `built-in`.',
  ],
  related: ["models", "estimate", "init"],
  synonyms: ["types", "prices", "stock"],
  options: [...cloudOptions, stateOption, jsonOption, ...outputOptions],
  examples: ["maider-sweep gpus", "maider-sweep gpus --simulate", "maider-sweep gpus --json"],
  handler: async (call) => {
    const {
      options,
      terminal: { env, signals, stderr, stdout },
    } = call;
    const { gpuOffers } = await import("../../estimate/gpu-offers.ts");
    const { marketWarnings } = await import("../../estimate/estimate-warnings.ts");
    const { openCloudTarget } = await import("../../run/cloud-access/cloud-target.ts");
    const { readMarket } = await import("../../run/preflight/read-market.ts");
    const { connecting } = await import("../output/connecting.ts");
    const { gpusJson, gpusTable } = await import("../output/catalogue-text.ts");
    const target = await openCloudTarget(cloudRequest(call), env, false);
    try {
      const market = await connecting(readMarket(target, signals.stop), options, call.terminal);
      if (target.simulated !== undefined)
        stderr.write("SIMULATED: prices and stock are those of the simulated cloud\n");
      const offers = gpuOffers(market);
      const width = stdout.isTTY ? stdout.columns : Infinity;
      stdout.write(options.json ? jsonText(gpusJson(offers)) : gpusTable(offers, width));
      for (const warning of marketWarnings(market)) stderr.write(`warning: ${warning}\n`);
      return ExitCode.done;
    } finally {
      target.simulated?.release();
    }
  },
});
