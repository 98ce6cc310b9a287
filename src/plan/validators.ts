import { isIP } from "node:net";

/** Returns a complaint about invalid text. Valid text cannot be taken for an option, a path or shell syntax. */
export type Validator = (text: string) => string | undefined;

const REGION = /^[a-z]{2,3}(-[a-z]+)+(-\d{1,2})?$/;
const GPU_TYPE = /^g\d{1,2}-gpu-[a-z0-9-]{1,48}$/;
const HUB_ID = /^[A-Za-z0-9_][\w.-]{0,95}(\/[A-Za-z0-9_][\w.-]{0,95})?$/;
const PLAN_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/;
const COMMIT = /^[0-9a-f]{40}$/;
const IMAGE =
  /^(?:(?<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?)\/)?[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*(?::(?<tag>\w[\w.-]{0,127}))?(?<digest>@sha256:[0-9a-f]{64})?$/;

/** Registries that are allowed without `allow_remote_code`, in addition to Docker Hub. */
export const IMAGE_HOSTS = [
  "docker.io",
  "mirror.gcr.io",
  "ghcr.io",
  "nvcr.io",
  "public.ecr.aws",
  "quay.io",
];

const matching =
  (pattern: RegExp, complaint: string): Validator =>
  (text) =>
    pattern.test(text) ? undefined : complaint;

export const regionValidator = matching(REGION, "is not the name of a region, such as `us-ord`");
export const gpuTypeValidator = matching(
  GPU_TYPE,
  "is not the id of a GPU type, such as `g2-gpu-rtx4000a1-s`",
);
export const planNameValidator = matching(
  PLAN_NAME,
  "must begin with a letter or digit, and have at most 64 letters, digits, spaces, dots, dashes and underscores",
);
export const commitValidator = matching(
  COMMIT,
  "must be a full commit hash, 40 hexadecimal digits in lower case",
);

/** The Hub's own rule for repository ids. */
export const hubIdValidator: Validator = (text) =>
  HUB_ID.test(text) && !/--|\.\.|\.git$/.test(text)
    ? undefined
    : "is not a model id of the Hugging Face Hub, such as `Qwen/Qwen2.5-Coder-7B-Instruct`";

export const imageValidator: Validator = (text) => {
  const match = IMAGE.exec(text);
  if (match === null)
    return "is not the name of a container image, such as `vllm/vllm-openai:v0.27.1`";
  const { tag, digest } = match.groups ?? {};
  if (digest === undefined && (tag === undefined || tag === "latest"))
    return "needs a fixed tag or a digest, because results of a changing image cannot be compared";
  return undefined;
};

/** The registry of an image that passes `imageValidator`; undefined = Docker Hub. */
export function imageHost(image: string): string | undefined {
  return IMAGE.exec(image)?.groups?.["host"];
}

/** The minor version x of an image tagged `v0.x.y`; undefined for other tags. */
export function vllmMinor(image: string): number | undefined {
  const minor = /\/vllm-openai:v0\.(\d+)\./.exec(image)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

export const cidrValidator: Validator = (text) =>
  normaliseCidr(text) === undefined
    ? "is not an address range, such as `203.0.113.7/32`"
    : undefined;

/** `203.0.113.7` becomes `203.0.113.7/32`; undefined if the text is not an address or range. */
export function normaliseCidr(text: string): string | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes("%")) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (prefix === undefined) return `${address}/${String(bits)}`;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits
    ? `${address}/${String(Number(prefix))}`
    : undefined;
}
