/** A parsed label. The reaper deletes only resources with such a label. */
export type Label =
  | {
      readonly kind: "vm";
      readonly run: string;
      readonly seq: number;
      readonly nonce: string;
      readonly expiresMs: number;
    }
  | { readonly kind: "firewall"; readonly run: string; readonly expiresMs: number };

// Six base-36 digits without a leading zero are the seconds from 1971 to 2038, seven those until 4453.
const VM = /^mds-([a-z0-9]{8})-([0-9]{3})-([a-z0-9]{4})-x([1-9a-z][a-z0-9]{5,6})$/;
const FIREWALL = /^mds-([a-z0-9]{8})-x([1-9a-z][a-z0-9]{5,6})$/;

/** @throws RangeError if a part is invalid, because the reaper would not recognize the label */
export function makeVmLabel(parts: {
  readonly run: string;
  readonly seq: number;
  readonly nonce: string;
  readonly expiresMs: number;
}): string {
  const seq = String(parts.seq).padStart(3, "0");
  return checked(`mds-${parts.run}-${seq}-${parts.nonce}-x${expiry(parts.expiresMs)}`, VM);
}

/** At most 32 characters, which is Linode's limit for firewalls. @throws RangeError like `makeVmLabel` */
export function makeFirewallLabel(parts: {
  readonly run: string;
  readonly expiresMs: number;
}): string {
  return checked(`mds-${parts.run}-x${expiry(parts.expiresMs)}`, FIREWALL);
}

/** The tags of all resources that a run creates. */
export function tagsOf(run: string): readonly string[] {
  return ["maider-sweep", `mds-run-${run}`];
}

/** Undefined if the text is not exactly a label of this program. */
export function parseLabel(text: string): Label | undefined {
  const vm = VM.exec(text);
  if (vm !== null) {
    const [, run = "", seq = "", nonce = "", expires = ""] = vm;
    return { kind: "vm", run, seq: Number(seq), nonce, expiresMs: milliseconds(expires) };
  }
  const firewall = FIREWALL.exec(text);
  if (firewall === null) return undefined;
  const [, run = "", expires = ""] = firewall;
  return { kind: "firewall", run, expiresMs: milliseconds(expires) };
}

/** All labels of a run in a text, which may be damaged. */
export function labelsIn(text: string, run: string): readonly string[] {
  const found = text.match(/mds-[a-z0-9]{8}(?:-[0-9]{3}-[a-z0-9]{4})?-x[1-9a-z][a-z0-9]{5,6}/g);
  return [...new Set(found)].filter((label) => parseLabel(label)?.run === run);
}

/** Rounded up, so that a label never expires before the time it was made for. */
function expiry(ms: number): string {
  return Math.ceil(ms / 1000).toString(36);
}

function milliseconds(base36: string): number {
  return Number.parseInt(base36, 36) * 1000;
}

function checked(label: string, grammar: RegExp): string {
  if (!grammar.test(label)) throw new RangeError(`not a label: ${label}`);
  return label;
}
