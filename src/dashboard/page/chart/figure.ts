import { inNumber } from '../../../pure/quantity.js';
import { bandOf } from '../curves/band.js';
import type { Curve } from '../curves/curve.js';
import { smoothed } from '../curves/smoothing.js';

/** A line of a chart. */
export interface Stroke {
  readonly name: string;
  readonly colour: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  /** The values before smoothing. */
  readonly raw?: readonly (number | null)[];
  /** Values that are not finite, marked at the edge of the chart. */
  readonly marks: readonly { readonly x: number; readonly what: string }[];
  /** The least and greatest values around a mean. */
  readonly band?: {
    readonly min: readonly (number | null)[];
    readonly max: readonly (number | null)[];
    /** True if the curves have more points than the band. */
    readonly isSample: boolean;
  };
}

/** The last value of a line, NaN or an infinity by its name; undefined for an empty line. */
export function lastValue({ x, y, marks }: Stroke): number | string | undefined {
  const at = y.findLastIndex((value) => value !== null);
  const mark = marks.reduce<Stroke['marks'][number] | undefined>(
    (latest, each) => (latest === undefined || each.x >= latest.x ? each : latest),
    undefined,
  );
  return mark === undefined || mark.x < (x[at] ?? -Infinity) ? (y[at] ?? undefined) : mark.what;
}

/** The contents of a chart, which are drawn on the canvas and saved as SVG and CSV. */
export interface Figure {
  readonly title: string;
  readonly xTitle: string;
  readonly isLog: boolean;
  readonly strokes: readonly Stroke[];
  /** The number of values the lines are a sample of; absent if they have all values. */
  readonly sampledFrom?: number;
}

/** Options for turning curves into lines. */
export interface FigureOptions {
  readonly title: string;
  readonly xTitle: string;
  readonly isLog: boolean;
  /** Weight of the smoothing, 0 for none. */
  readonly smoothing: number;
  readonly colourOf: (run: string) => string;
  /**
   * The group of a run, if each group is drawn as one line and a band; a group has the colour of
   * its first run.
   */
  readonly groupOf?: ((run: string) => string) | undefined;
}

/** Makes the lines of one metric's curves. */
export function figureOf(curves: readonly Curve[], options: FigureOptions): Figure {
  const { title, xTitle, isLog, groupOf } = options;
  const strokes =
    groupOf === undefined
      ? curves.map((curve) => strokeOf(curve, options))
      : grouped(curves, groupOf, options);
  const isSample =
    curves.some(({ isExact }) => !isExact) || strokes.some(({ band }) => band?.isSample === true);
  const values = curves.reduce((sum, curve) => sum + curve.values, 0);
  return { title, xTitle, isLog, strokes, ...(isSample && { sampledFrom: values }) };
}

function strokeOf(curve: Curve, { smoothing, colourOf }: FigureOptions): Stroke {
  const y = smoothed(curve, smoothing);
  return {
    name: curve.run,
    colour: colourOf(curve.run),
    x: curve.x,
    y,
    ...(y === curve.y ? {} : { raw: curve.y }),
    marks: curve.nonFinite.map(([index, what]) => ({ x: curve.x[index] ?? NaN, what })),
  };
}

function grouped(
  curves: readonly Curve[],
  groupOf: (run: string) => string,
  { smoothing, colourOf }: FigureOptions,
): Stroke[] {
  const groups = new Map<string, Curve[]>();
  for (const curve of curves) {
    const name = groupOf(curve.run);
    groups.set(name, [...(groups.get(name) ?? []), curve]);
  }
  return [...groups].map(([name, members]) => {
    const band = bandOf(name, members);
    const smooth = (y: readonly (number | null)[]): readonly (number | null)[] =>
      smoothed(
        {
          ...{ x: band.x, y },
          stretches: y.flatMap((value, at) => (value === null ? [] : [[at, band.perPlace, value] as const])),
        },
        smoothing,
      );
    const runs = `${members.length} ${inNumber(members.length, 'runs')}`;
    return {
      name: `${name === '' ? 'without' : name} (${runs})`,
      colour: colourOf(members[0]!.run),
      x: band.x,
      y: smooth(band.mean),
      marks: members.flatMap(({ x, nonFinite }) =>
        nonFinite.map(([index, what]) => ({ x: x[index] ?? NaN, what })),
      ),
      band: { min: smooth(band.min), max: smooth(band.max), isSample: band.isSample },
    };
  });
}
