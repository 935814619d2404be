import { shares, type Span } from '../../../pure/span.js';
import { extentOfX, extentOfY, seen } from '../curves/extent.js';
import { firstOf, leftText } from '../parts/first-of.js';
import type { Figure, Stroke } from './figure.js';
import { logTicks, ticks, tickTexts } from './ticks.js';

/** The size and colours of an SVG. */
export interface SvgLook {
  readonly width: number;
  readonly height: number;
  readonly ink: string;
  readonly faint: string;
  readonly paper: string;
}

const MARGIN = { left: 64, right: 16, top: 34, bottom: 44 };
const LEGEND_LINE = 16;
/**
 * @bound tells: the legend says how many more; specs/dashboard/page/saved-charts.spec.ts "names 30
 * of its lines, and says how many it does not"
 */
export const MOST_NAMED = 30;

/** Writes the chart as an SVG document, with the names of its lines below it. */
export function svgOf(figure: Figure, view: Span | null, look: SvgLook): string {
  const { shown: named, left } = firstOf(figure.strokes, MOST_NAMED);
  const more = leftText(left, 'lines');
  const height = look.height + (named.length + (more === null ? 0 : 1)) * LEGEND_LINE;
  const frame = frameOf(figure, view, look);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${look.width}" height="${height}" viewBox="0 0 ${look.width} ${height}" font-family="system-ui, sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="${look.paper}"/>`,
    `<text x="${MARGIN.left}" y="20" font-size="14" font-weight="600" fill="${look.ink}">${escaped(figure.title)}</text>`,
    ...axes(figure, frame, look),
    `<clipPath id="plot"><rect x="${MARGIN.left}" y="${MARGIN.top}" width="${frame.width}" height="${frame.height}"/></clipPath>`,
    `<g clip-path="url(#plot)" fill="none" stroke-width="1.5" stroke-linejoin="round">`,
    ...figure.strokes.flatMap((stroke) => strokePaths(stroke, frame)),
    '</g>',
    ...named.map((stroke, index) => legend(stroke, look, look.height + index * LEGEND_LINE)),
    ...(more === null ? [] : [legendText(more, look, look.height + named.length * LEGEND_LINE)]),
    '</svg>\n',
  ].join('\n');
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly x: Span;
  readonly y: Span;
  readonly xOf: (value: number) => number;
  /** null for a value that has no place on a logarithmic axis. */
  readonly yOf: (value: number | null) => number | null;
}

function frameOf({ strokes, isLog }: Figure, view: Span | null, look: SvgLook): Frame {
  const x = view ?? extentOfX(strokes) ?? { from: 0, to: 1 };
  const y = extentOfY(strokes.flatMap(linesOf), x, isLog);
  const width = look.width - MARGIN.left - MARGIN.right;
  const height = look.height - MARGIN.top - MARGIN.bottom;
  const [across, up] = [shares(x, false), shares(y, isLog)];
  return {
    ...{ width, height, x, y },
    xOf: (value) => MARGIN.left + across(value) * width,
    yOf: (value) => (value === null || (isLog && value <= 0) ? null : MARGIN.top + (1 - up(value)) * height),
  };
}

/** The lines of a stroke that must fit on the chart. */
export const linesOf = ({ x, y, band }: Stroke): readonly Pick<Stroke, 'x' | 'y'>[] =>
  band === undefined
    ? [{ x, y }]
    : [
        { x, y: band.min },
        { x, y: band.max },
      ];

function axes({ xTitle, isLog }: Figure, { x, y, xOf, yOf, width, height }: Frame, look: SvgLook): string[] {
  const [right, bottom] = [MARGIN.left + width, MARGIN.top + height];
  const line = (x1: number, y1: number, x2: number, y2: number): string =>
    `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="${look.faint}"/>`;
  const text = (left: number, top: number, anchor: string, words: string): string =>
    `<text x="${at(left)}" y="${at(top)}" text-anchor="${anchor}" fill="${look.ink}">${escaped(words)}</text>`;
  const across = ticks(x, 8);
  const up = isLog ? logTicks(y, 6) : ticks(y, 6);
  const [acrossTexts, upTexts] = [tickTexts(across), tickTexts(up)];
  return [
    ...across.flatMap((value, index) => [
      line(xOf(value), MARGIN.top, xOf(value), bottom),
      text(xOf(value), bottom + 16, 'middle', acrossTexts[index] ?? ''),
    ]),
    ...up.flatMap((value, index) => {
      const top = yOf(value) ?? bottom;
      return [
        line(MARGIN.left, top, right, top),
        text(MARGIN.left - 6, top + 4, 'end', upTexts[index] ?? ''),
      ];
    }),
    text(MARGIN.left + width / 2, bottom + 34, 'middle', xTitle),
  ];
}

function strokePaths({ x, y, raw, band, colour, marks }: Stroke, frame: Frame): string[] {
  const [from, to] = seen(x, frame.x);
  const path = (values: readonly (number | null)[], more: string): string =>
    `<path d="${pathOf(x, values, from, to, frame)}" stroke="${colour}" ${more}/>`;
  return [
    ...(band === undefined ? [] : [band.min, band.max].map((edge) => path(edge, 'opacity="0.35"'))),
    ...(raw === undefined ? [] : [path(raw, 'opacity="0.3"')]),
    path(y, ''),
    ...marks.map((mark) => {
      const top = mark.what === 'Infinity' ? MARGIN.top + 5 : MARGIN.top + frame.height - 5;
      return `<circle cx="${at(frame.xOf(mark.x))}" cy="${top}" r="3" stroke="${colour}"><title>${escaped(mark.what)}</title></circle>`;
    }),
  ];
}

function pathOf(
  x: readonly number[],
  y: readonly (number | null)[],
  from: number,
  to: number,
  { xOf, yOf }: Frame,
): string {
  let path = '';
  let isDown = false;
  for (let index = from; index < to; index++) {
    const top = yOf(y[index] ?? null);
    if (top !== null) {
      const left = xOf(x[index]!);
      const isAlone = !isDown && yOf(y[index + 1] ?? null) === null;
      path += isAlone ? dot(left, top) : `${isDown ? 'L' : 'M'}${at(left)} ${at(top)}`;
    }
    isDown = top !== null;
  }
  return path;
}

/** A single value between gaps has no line: it gets a dot. */
const dot = (left: number, top: number): string =>
  `M${at(left - 1.5)} ${at(top)}a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0 -3 0`;

function legend({ name, colour }: Stroke, look: SvgLook, top: number): string {
  const middle = top + 4;
  return `<line x1="${MARGIN.left}" y1="${middle}" x2="${MARGIN.left + 18}" y2="${middle}" stroke="${colour}" stroke-width="2"/>${legendText(name, look, top)}`;
}

const legendText = (text: string, { ink }: SvgLook, top: number): string =>
  `<text x="${MARGIN.left + 24}" y="${top + 8}" fill="${ink}">${escaped(text)}</text>`;

const at = (value: number): string => value.toFixed(1);

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes a run's text for XML, and drops characters that XML does not allow. */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '')
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}
