import { ExitCode } from "../../support/errors.ts";
import { argument, jsonOption, option, outputOptions, stateOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "models",
  group: "plan",
  summary: "List models, and the GPU types that they fit",
  about: [
    "For each model: the cheapest GPU type that it fits, the longest window (`max_model_len`, in tokens) there, and how many types it fits. With `--gpu` only those that fit this type are listed; with a model, every GPU type that it fits. Full ids, short names and any unambiguous part of them are understood.",
    "Windows are computed with the defaults of a plan. A plan may also name models that are not listed: their facts are then read from the Hugging Face Hub.",
    '`--json` prints `{"models":[{"id","name","fits":[{"gpu","max_model_len"}]}]}`.',
  ],
  related: ["gpus", "init", "estimate"],
  synonyms: ["fits"],
  arguments: [argument("[model]", "only this one, with every GPU type that it fits")],
  options: [
    option("--gpu <type>", "only models that fit this GPU type"),
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep models",
    "maider-sweep models --gpu rtx4000a1-s",
    "maider-sweep models Coder-14B-AWQ",
  ],
  handler: async ({ args: [text], options, terminal: { stdout, stderr } }) => {
    const [{ GPU_TYPES }, { MODELS }, { modelFits }, { namedGpu, namedModel }] = await Promise.all([
      import("../../catalog/gpu-catalog.ts"),
      import("../../catalog/model-catalog.ts"),
      import("../../plan/model-fits.ts"),
      import("../known-names.ts"),
    ]);
    const { fitsTable, modelsJson, modelsTable } = await import("../output/catalogue-text.ts");
    const gpus = options.gpu === undefined ? GPU_TYPES : [namedGpu(options.gpu)];
    const models = (text === undefined ? MODELS : [namedModel(text)])
      .map((model) => ({ model, fits: modelFits(model, gpus) }))
      .filter(({ fits }) => fits.length > 0 || options.gpu === undefined);
    const width = stdout.isTTY ? stdout.columns : Infinity;
    const [only] = models;
    if (options.json) stdout.write(jsonText(modelsJson(models)));
    else if (only === undefined) stderr.write("no such model fits this GPU type\n");
    else if (text === undefined) stdout.write(modelsTable(models, width));
    else stdout.write(fitsTable(only, width));
    return ExitCode.done;
  },
});
