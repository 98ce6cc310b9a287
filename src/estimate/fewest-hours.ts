/** Hours of one VM: those that will likely be billed, and those to reserve. */
export interface VmHours {
  readonly likely: number;
  readonly reserved: number;
}

/** Up to this many items, every grouping is tried. The time triples with each item. */
const MAX_EXACT = 11;

/**
 * Groups items so that the fewest hours are billed; among equal groupings, so that the fewest are reserved. Beyond 11
 * items, the result may be a few percent from the optimum.
 * @param hoursOf hours of one VM for these items; undefined if they must not share one. Defined for single items.
 */
export function fewestHours<T>(
  items: readonly T[],
  hoursOf: (group: readonly T[]) => VmHours | undefined,
): readonly (readonly T[])[] {
  return items.length <= MAX_EXACT ? bestGrouping(items, hoursOf) : firstFit(items, hoursOf);
}

/** The best grouping of a set of items. */
interface Best extends VmHours {
  /** The group with the first item of the set, as bits. */
  readonly group: number;
}

/** Dynamic programming over subsets: the best grouping of a set is a group with its first item plus the best of the rest. */
function bestGrouping<T>(
  items: readonly T[],
  hoursOf: (group: readonly T[]) => VmHours | undefined,
): readonly (readonly T[])[] {
  const all = 2 ** items.length - 1;
  const itemsOf = (set: number): readonly T[] => items.filter((_, bit) => (set & (1 << bit)) !== 0);
  const hoursOfSet = Array.from({ length: all + 1 }, (_, set) =>
    set === 0 ? undefined : hoursOf(itemsOf(set)),
  );
  const best: Best[] = [{ likely: 0, reserved: 0, group: 0 }];
  for (let set = 1; set <= all; set += 1) {
    const first = set & -set;
    let found: Best | undefined;
    for (let rest = set ^ first; ; rest = (rest - 1) & (set ^ first)) {
      const group = rest | first;
      const groupHours = hoursOfSet[group];
      const others = best[set ^ group];
      if (groupHours !== undefined && others !== undefined) {
        const likely = groupHours.likely + others.likely;
        const reserved = groupHours.reserved + others.reserved;
        if (
          found === undefined ||
          likely < found.likely ||
          (likely === found.likely && reserved < found.reserved)
        )
          found = { likely, reserved, group };
      }
      if (rest === 0) break;
    }
    best.push(found ?? { likely: Infinity, reserved: Infinity, group: first });
  }
  const groups: (readonly T[])[] = [];
  for (let set = all; set > 0; set ^= best[set]?.group ?? set)
    groups.push(itemsOf(best[set]?.group ?? set));
  return groups;
}

/** First fit, longest items first. */
function firstFit<T>(
  items: readonly T[],
  hoursOf: (group: readonly T[]) => VmHours | undefined,
): readonly (readonly T[])[] {
  const groups: T[][] = [];
  const length = (item: T): number => hoursOf([item])?.reserved ?? 0;
  for (const item of items.toSorted((a, b) => length(b) - length(a))) {
    const open = groups.find((group) => hoursOf([...group, item]) !== undefined);
    if (open === undefined) groups.push([item]);
    else open.push(item);
  }
  const firstIndex = (group: readonly T[]): number =>
    Math.min(...group.map((item) => items.indexOf(item)));
  return groups
    .map((group) => group.toSorted((a, b) => items.indexOf(a) - items.indexOf(b)))
    .toSorted((a, b) => firstIndex(a) - firstIndex(b));
}
