import ssh2 from "ssh2";
import type { GpuType } from "../../catalog/gpu-types.ts";
import { type ApiProblem, noCapacity, ApiError } from "../api/api-error.ts";
import { REGIONS } from "./regions.ts";
import { OTHER_PLANS } from "./stock.ts";

/** A valid create request. */
export interface VmOrder {
  /** Undefined if the API chooses one. */
  readonly label: string | undefined;
  readonly type: GpuType;
  readonly region: string;
  readonly image: string | null;
  readonly userData: string;
  readonly authorizedKeys: readonly string[];
  readonly firewallId: number | undefined;
  readonly generation: "legacy_config" | "linode";
  readonly tags: readonly string[];
  readonly booted: boolean;
}

/** Looks up what the validity of a request depends on. */
export interface OrderContext {
  findType(id: string): GpuType | undefined;
  hasFirewall(id: number): boolean;
  isLabelTaken(label: string): boolean;
}

export const IMAGES: readonly string[] = ["linode/ubuntu24.04", "linode/ubuntu22.04"];

/** After decoding. The specification says 65,535 bytes, but two tools found that the API refuses more than this. */
const MAX_USER_DATA_BYTES = 16_384;
const LABEL = /^[a-zA-Z]((?!--|__|\.\.)[a-zA-Z0-9-_.])+$/;
const KEY_TYPE = /^(?:ssh-dss|ssh-rsa|ecdsa-sha2-nistp\d+|ssh-ed25519)$/;

/** @throws ApiError with all problems, in the API's words */
export function readVmOrder(body: Readonly<Record<string, unknown>>, facts: OrderContext): VmOrder {
  const problems: ApiProblem[] = [];
  const wrong = (field: string, reason: string): void => {
    problems.push({ reason, field });
  };
  const strings = (field: string): readonly string[] => {
    const list = body[field] ?? [];
    if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
    wrong(field, "Must be an array of strings");
    return [];
  };

  const typeId = body["type"];
  const type = typeof typeId === "string" ? facts.findType(typeId) : undefined;
  const otherPlan = typeof typeId === "string" && OTHER_PLANS.includes(typeId);
  if (typeId === undefined) wrong("type", "type is required");
  else if (type === undefined && !otherPlan)
    wrong("type", "A valid plan type by that ID was not found");

  const region = REGIONS.find((candidate) => candidate.id === body["region"]);
  if (body["region"] === undefined) wrong("region", "region is required");
  else if (region === undefined) wrong("region", "region is not valid");

  const image = (body["image"] ?? null) as string | null;
  const hasImage = image !== null;
  if (image !== null && !IMAGES.includes(image)) wrong("image", "image is not valid");

  const label = body["label"] ?? undefined;
  if (label !== undefined) {
    const reason = labelProblem(label, 64);
    if (reason !== undefined) wrong("label", reason);
    else if (facts.isLabelTaken(label as string))
      wrong("label", "Label must be unique among your linodes");
  }

  const authorizedKeys = strings("authorized_keys");
  for (const [index, key] of authorizedKeys.entries()) {
    const reason = keyProblem(key);
    if (reason !== undefined) wrong("authorized_keys", `SSH Key ${index + 1} ${reason}`);
  }
  const password = body["root_pass"];
  if (typeof password === "string") {
    if (password.length < 7 || password.length > 128)
      wrong("root_pass", "Length must be 7-128 characters");
    else if (!isStrong(password)) wrong("root_pass", "Password does not meet strength requirement");
  } else if (hasImage && authorizedKeys.length === 0) wrong("root_pass", "root_pass is required");

  const tags = strings("tags");
  if (tags.some((tag) => tag.length < 3 || tag.length > 50))
    wrong("tags", "Length must be 3-50 characters");

  const userData = readUserData(body["metadata"], (reason) => wrong("metadata.user_data", reason));
  const network = readNetwork(body, facts, wrong);

  if (problems.length > 0) throw new ApiError(400, problems);
  if (type === undefined || region === undefined) throw noCapacity();
  return {
    label: label as string | undefined,
    type,
    region: region.id,
    image,
    userData,
    authorizedKeys,
    ...network,
    // Tags that differ only in case are duplicates; the first one is kept.
    tags: tags.filter((tag, index) => index === tags.findIndex((other) => sameTag(other, tag))),
    booted: hasImage && body["booted"] !== false && network.connected,
  };
}

/** @returns the API's error text for an invalid label, or undefined */
export function labelProblem(label: unknown, maxLength: number): string | undefined {
  if (typeof label !== "string") return "Must be a string";
  if (label.length < 3 || label.length > maxLength)
    return `Length must be 3-${maxLength} characters`;
  if (!/^[a-zA-Z]/.test(label)) return "Label must begin with a letter";
  if (!LABEL.test(label) || !/[a-zA-Z0-9]$/.test(label))
    return "Label must contain only letters, numbers, single dashes, underscores and periods, and end with a letter or number";
  return undefined;
}

/** The text for a wrong type is Linode's own; the other one is made up. */
function keyProblem(line: string): string | undefined {
  const [type = "", body = ""] = line.trim().split(/\s+/);
  if (!KEY_TYPE.test(type))
    return "key-type must be ssh-dss, ssh-rsa, ecdsa-sha2-nistp, or ssh-ed25519.";
  const parsed = ssh2.utils.parseKey(`${type} ${body}`);
  return parsed instanceof Error || parsed.type !== type ? "is invalid." : undefined;
}

export function sameTag(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function readUserData(metadata: unknown, wrong: (reason: string) => void): string {
  const encoded = ((metadata ?? {}) as { user_data?: unknown }).user_data ?? "";
  if (typeof encoded !== "string" || !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) {
    wrong("Must be base64 encoded");
    return "";
  }
  const decoded = Buffer.from(encoded, "base64");
  if (decoded.length > MAX_USER_DATA_BYTES)
    wrong(`Must not exceed ${MAX_USER_DATA_BYTES} bytes when decoded`);
  return decoded.toString("utf8");
}

function readNetwork(
  body: Readonly<Record<string, unknown>>,
  facts: OrderContext,
  wrong: (field: string, reason: string) => void,
): Pick<VmOrder, "firewallId" | "generation"> & { readonly connected: boolean } {
  // The default is a setting of the account, which is the newer generation here.
  const generation = body["interface_generation"] ?? "linode";
  if (generation !== "legacy_config" && generation !== "linode")
    wrong("interface_generation", "Must be one of legacy_config, linode");
  const firewall = (id: unknown, field: string): number | undefined => {
    if (id === undefined || id === null || id === -1) return undefined;
    if (typeof id === "number" && facts.hasFirewall(id)) return id;
    wrong(field, "firewall_id is not valid");
    return undefined;
  };
  if (generation === "legacy_config")
    return {
      generation,
      firewallId: firewall(body["firewall_id"], "firewall_id"),
      connected: true,
    };
  if (body["firewall_id"] !== undefined && body["firewall_id"] !== null)
    wrong(
      "firewall_id",
      "firewall_id is not allowed with Linode interfaces; set it on the interface",
    );
  const interfaces = (body["interfaces"] ?? []) as Record<string, unknown>[];
  const open = interfaces.find((item) => (item["public"] ?? null) !== null);
  if (open !== undefined && (open["firewall_id"] ?? null) === null)
    wrong("interfaces[0].firewall_id", "A firewall is required: no default firewall is set");
  return {
    generation: "linode",
    firewallId: firewall(open?.["firewall_id"], "interfaces[0].firewall_id"),
    connected: interfaces.length > 0,
  };
}

/** Approximates Linode's password score, whose rules are not public. */
function isStrong(password: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) =>
    kind.test(password),
  ).length;
  return kinds >= 2 && new Set(password).size >= 5;
}
