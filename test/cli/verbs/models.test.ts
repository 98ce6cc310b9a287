import { expect, test } from "vitest";
import { MODELS } from "../../../src/catalog/model-catalog.ts";
import { speak } from "../fake-terminal.ts";

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly fits: readonly { readonly gpu: string; readonly max_model_len: number }[];
}

async function listed(...argv: readonly string[]): Promise<readonly Listed[]> {
  const { code, stdout, stderr } = await speak(["models", ...argv, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return (JSON.parse(stdout) as { models: readonly Listed[] }).models;
}

test("models --json lists every model of the catalogue with the GPU types that it fits", async () => {
  const models = await listed();
  expect(models.map(({ id }) => id)).toEqual(MODELS.map(({ id }) => id));
  const small = models.find(({ id }) => id === "Qwen/Qwen2.5-Coder-7B-Instruct");
  expect(small).toMatchObject({ name: "Coder-7B" });
  expect(small?.fits).toContainEqual({ gpu: "g2-gpu-rtx4000a1-s", max_model_len: 32_768 });
});

test("models --gpu leaves out what does not fit, and takes a short name", async () => {
  const models = await listed("--gpu", "rtx4000a1-s");
  expect(models.length).toBeGreaterThan(5);
  expect(models.length).toBeLessThan(MODELS.length);
  expect(new Set(models.flatMap(({ fits }) => fits.map(({ gpu }) => gpu)))).toEqual(
    new Set(["g2-gpu-rtx4000a1-s"]),
  );
});

test("a model is listed alone, with a line for each GPU type", async () => {
  const [model] = await listed("coder-14b-awq");
  expect(model?.id).toBe("Qwen/Qwen2.5-Coder-14B-Instruct-AWQ");
  const { stdout } = await speak(["models", "coder-14b-awq"]);
  for (const { gpu } of model?.fits ?? [])
    expect(stdout).toContain(gpu.replace(/^g\d-gpu-/, "").replace("-blackwell", ""));
});

test.each([[["models"]], [["models", "--gpu", "rtx4000a4-s"]], [["models", "gpt-oss-20b"]]])(
  "%j prints at most 80 columns",
  async (argv) => {
    const { stdout } = await speak(argv);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  },
);

test.each([
  [["models", "Qwen/Qwen3-8C"], "did you mean Qwen/Qwen3-8B?"],
  [["models", "--gpu", "rtx4000a1-z"], "did you mean rtx4000a1-s?"],
  [["models", "Coder-14"], "did you mean one of Coder-14B, Coder-14B-AWQ, Coder-14B-GPTQ-Int4?"],
  [["models", "--gpu", "banana"], "maider-sweep gpus lists them"],
])("%j suggests what was meant", async (argv, hint) => {
  const { code, stdout, stderr } = await speak(argv);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(`try: ${hint}`);
});

test("a model that does not fit a GPU type is said not to", async () => {
  const { code, stdout, stderr } = await speak([
    "models",
    "gemma-4-31B-it",
    "--gpu",
    "rtx4000a1-s",
  ]);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toBe("no such model fits this GPU type\n");
});
