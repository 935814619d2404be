import type { JSX } from 'preact';
import { nearestTo } from '../curves/curve.js';
import { digitsOn, exactText, numberText } from '../facts/format.js';
import type { Figure, Stroke } from './figure.js';
import type { Plot, Pointed } from './plot.js';

/**
 * @bound tells: the table says how many more; specs/dashboard/browser/left-out.spec.ts "is counted
 * below a chart: lines that are not next to the pointer"
 */
const MOST_ROWS = 10;

/** The values of the lines under the pointer; of many lines, the nearest ones. */
export function HoverTable({
  figure,
  pointed,
  plot,
}: {
  readonly figure: Figure;
  readonly pointed: Pointed;
  readonly plot: Plot;
}): JSX.Element | null {
  const rows = figure.strokes.flatMap((stroke) => rowOf(stroke, pointed.x) ?? []);
  if (rows.length === 0) return null;
  const distance = ({ y }: Row): number => (y === null ? Infinity : Math.abs(plot.topOf(y) - pointed.top));
  const near = [...rows].sort((one, other) => distance(one) - distance(other)).slice(0, MOST_ROWS);
  const shown = near.sort((one, other) => (other.y ?? -Infinity) - (one.y ?? -Infinity));
  const [wide, tall] = [plot.view, plot.heights].map(({ from, to }) => to - from) as [number, number];
  const isRight = pointed.left > (plot.canvas.clientWidth - 70) / 2;
  return (
    <div class={`hover ${isRight ? 'hover-left' : 'hover-right'}`} aria-hidden="true">
      <table>
        <tbody>
          {shown.map((row) => (
            <tr key={row.stroke.name}>
              <td>
                <i class="swatch" style={{ background: row.stroke.colour }} />
              </td>
              <td class="hover-name">{row.stroke.name}</td>
              <td class="number" title={exactText(row.y)}>
                {row.y === null ? row.what : numberText(row.y, digitsOn(tall, row.y))}
              </td>
              <td class="number dim">{numberText(row.x, digitsOn(wide, row.x))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown.length ? <p class="dim">and {rows.length - shown.length} more</p> : null}
    </div>
  );
}

interface Row {
  readonly stroke: Stroke;
  readonly x: number;
  readonly y: number | null;
  /** The name of a value that is not finite. */
  readonly what: string;
}

function rowOf(stroke: Stroke, at: number): Row | null {
  const index = nearestTo(stroke.x, at);
  const x = stroke.x[index];
  if (x === undefined) return null;
  const what = stroke.marks.find((mark) => mark.x === x)?.what ?? 'none';
  return { stroke, x, y: stroke.y[index] ?? null, what };
}
