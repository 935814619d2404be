import { inNumber } from '../../../pure/quantity.js';
import type { HistoryAnswer, HistoryPointAnswer } from '../../api.js';
import { countText, digitsFor, momentText, valueText } from '../facts/format.js';
import { runId } from '../facts/run-values.js';

/** Writes the value of the field that orders a history. */
export const placeText = (x: number | string, axis: HistoryAnswer['axis']): string =>
  axis === 'date' && typeof x === 'number' ? momentText(new Date(x).toISOString()) : valueText(x);

/** Writes the title of the axis of the field; with the day where its labels have only times. */
export function axisTitle({ by, axis, points }: HistoryAnswer): string {
  if (axis !== 'date') return by;
  // @bound loses nothing: the day of a moment that the axis and the table have in full
  const days = new Set(points.map(({ x }) => placeText(x, axis).slice(0, 10)));
  const [day] = days;
  return days.size === 1 && day !== undefined ? `${by}, ${day}` : by;
}

/** Writes the figure of a run: `pass_rate 0.93`. */
export const pointText = (metric: string, { value }: HistoryPointAnswer): string =>
  `${metric} ${valueText(value)}`;

/** Says in a sentence what a history shows: how many runs, where it ends, and its range. */
export function historyText({ metric, by, axis, points }: HistoryAnswer): string {
  const last = points.at(-1);
  const numbers = points.flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
  const what = `${metric ?? ''} by ${by}: ${countText(points.length)} ${inNumber(points.length, 'runs')}`;
  if (last === undefined) return what;
  const [least, greatest] = [
    numbers.reduce((so, value) => Math.min(so, value), Infinity),
    numbers.reduce((so, value) => Math.max(so, value), -Infinity),
  ];
  const digits = digitsFor(numbers);
  const range =
    numbers.length < 2 ? '' : `, between ${valueText(least, digits)} and ${valueText(greatest, digits)}`;
  // By any other field, the last point is not the newest run.
  const end = axis === 'date' ? `, the last is ${valueText(last.value, digits)} (${runId(last)})` : '';
  return what + range + end;
}

/** Says what a history does not show, or not in full: runs without the figure, earlier ones, NaN. */
export function gapsIn({ metric, by, runs, total, points }: HistoryAnswer): string[] {
  const without = runs - total;
  const earlier = total - points.length;
  const kinds = new Map<string, number>();
  for (const { value } of points)
    if (typeof value === 'string') kinds.set(value, (kinds.get(value) ?? 0) + 1);
  const running = points.filter(({ status }) => status === 'RUNNING').length;
  return [
    ...(without === 0
      ? []
      : [`${countText(without)} ${inNumber(without, 'runs')} without ${metric ?? 'a figure'} or ${by}`]),
    ...(earlier === 0 ? [] : [`${countText(earlier)} earlier ${inNumber(earlier, 'runs')} not shown`]),
    ...[...kinds].map(([kind, count]) => `${countText(count)} ${kind}, marked ×`),
    ...(running === 0 ? [] : [`${countText(running)} still running, hollow`]),
  ];
}
