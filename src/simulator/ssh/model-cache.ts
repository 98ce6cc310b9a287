/** What the Hub's client keeps on a VM's disk, which survives reboots. */
export interface ModelCache {
  isComplete(model: string): boolean;
  complete(model: string): void;
  /** A download was killed: the file that it was writing stays, and is never resumed. */
  breakOff(model: string): void;
  removeIncomplete(model: string): void;
  incompleteFiles(model: string): number;
}

export function createModelCache(): ModelCache {
  const complete = new Set<string>();
  const incomplete = new Map<string, number>();
  const incompleteFiles = (model: string): number => incomplete.get(model) ?? 0;
  return {
    isComplete: (model) => complete.has(model),
    complete: (model) => void complete.add(model),
    breakOff: (model) => void incomplete.set(model, incompleteFiles(model) + 1),
    removeIncomplete: (model) => void incomplete.delete(model),
    incompleteFiles,
  };
}
