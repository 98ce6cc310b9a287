/** What a point of the front is judged by: more speed and less cost are better. */
export interface SpeedAndCost {
  readonly speed: number;
  readonly cost: number;
}

/** The points that no other beats in both speed and cost, cheapest first. */
export function paretoFront<T extends SpeedAndCost>(points: readonly T[]): T[] {
  const front: T[] = [];
  let fastest = -Infinity;
  for (const point of points.toSorted((a, b) => a.cost - b.cost || b.speed - a.speed)) {
    if (point.speed <= fastest) continue;
    fastest = point.speed;
    front.push(point);
  }
  return front;
}
