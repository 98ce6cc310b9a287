// The chart within its margins, pixels.
const INNER_WIDTH = 880;
const INNER_HEIGHT = 408;
const LETTER_WIDTH = 7;
const LINE_HEIGHT = 15;
const MOST_LABELS = 12;

interface NamedPoint {
  readonly name: string;
  readonly cost: number;
  readonly speed: number;
}

interface Names<Point> {
  readonly anchor: "start" | "end";
  readonly shown: readonly Point[];
}

/** Names that do not lie on each other, at that side of their points where there is room: the front's ends first. */
export function chartLabels<Point extends NamedPoint>(
  front: readonly Point[],
  drawn: readonly Point[],
): readonly Names<Point>[] {
  const across = scale(drawn.map(({ cost }) => cost));
  const up = scale(drawn.map(({ speed }) => speed));
  const taken: {
    readonly point: Point;
    readonly anchor: Names<Point>["anchor"];
    readonly box: Box;
  }[] = [];
  const ends = [front.at(0), front.at(-1)].filter((point) => point !== undefined);
  for (const point of new Set([...ends, ...front])) {
    const at = across(point.cost) * INNER_WIDTH;
    const width = point.name.length * LETTER_WIDTH;
    const anchor = at + width > INNER_WIDTH ? "end" : "start";
    const left = anchor === "start" ? at : at - width;
    const box = { left, right: left + width, y: up(point.speed) * INNER_HEIGHT };
    const free = taken.every(
      ({ box: other }) =>
        Math.abs(other.y - box.y) > LINE_HEIGHT || other.left > box.right || other.right < box.left,
    );
    if (free && taken.length < MOST_LABELS) taken.push({ point, anchor, box });
  }
  return (["start", "end"] as const).map((anchor) => ({
    anchor,
    shown: taken.filter((one) => one.anchor === anchor).map(({ point }) => point),
  }));
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

/** From 0 to 1 on a logarithmic axis, about as the chart has it. */
function scale(values: readonly number[]): (value: number) => number {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => (most === least ? 0.5 : (Math.log(value) - least) / (most - least));
}
