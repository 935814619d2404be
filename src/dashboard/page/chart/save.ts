import type { Span } from '../../../pure/span.js';
import { firstOf, leftText } from '../parts/first-of.js';
import { csvOf } from './csv.js';
import type { Figure } from './figure.js';
import { MOST_NAMED, type SvgLook, svgOf } from './svg.js';

export const SAVE_FORMATS = ['png', 'svg', 'csv'] as const;
export type SaveFormat = (typeof SAVE_FORMATS)[number];

/** The parts of a chart that can be saved. */
export interface Savable {
  readonly figure: Figure;
  readonly view: Span | null;
  readonly canvas: HTMLCanvasElement;
}

const SIZE = { width: 960, height: 480 };
const LINE = 18;

/** Downloads a chart; CSV has all its points, pictures only the visible ones. */
export async function saveFigure({ figure, view, canvas }: Savable, format: SaveFormat): Promise<void> {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const look = { ...SIZE, ink: colour('--ink'), faint: colour('--line'), paper: colour('--paper') };
  download(await blobOf(), `${figure.title.replace(/[^\w.-]+/g, '_') || 'chart'}.${format}`);

  function blobOf(): Blob | Promise<Blob> {
    switch (format) {
      case 'csv':
        return new Blob([csvOf(figure)], { type: 'text/csv' });
      case 'svg':
        return new Blob([svgOf(figure, view, look)], { type: 'image/svg+xml' });
      case 'png':
        return pngOf(canvas, figure, look);
    }
  }
}

/**
 * Copies the chart from the page, with its title and the names of its lines: the server's policy
 * does not allow painting an SVG.
 */
function pngOf(
  chart: HTMLCanvasElement,
  { title, xTitle, strokes }: Figure,
  { ink, paper }: SvgLook,
): Promise<Blob> {
  const ratio = devicePixelRatio;
  const { shown: named, left } = firstOf(strokes, MOST_NAMED);
  const more = leftText(left, 'lines');
  const canvas = document.createElement('canvas');
  canvas.width = chart.width;
  canvas.height = chart.height + (named.length + (more === null ? 3 : 4)) * LINE * ratio;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('the browser provides no canvas to draw on');
  context.fillStyle = paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(chart, 0, 1.5 * LINE * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = ink;
  context.font = '600 13px system-ui, sans-serif';
  context.fillText(title, 12, LINE);
  context.font = '11px system-ui, sans-serif';
  const bottom = chart.height / ratio + 3 * LINE;
  context.textAlign = 'center';
  context.fillText(xTitle, canvas.width / ratio / 2, bottom - LINE);
  context.textAlign = 'start';
  named.forEach(({ name, colour }, index) => {
    const top = bottom + index * LINE;
    context.fillStyle = colour;
    context.fillRect(60, top, 18, 2);
    context.fillStyle = ink;
    context.fillText(name, 84, top + 5);
  });
  if (more !== null) context.fillText(more, 84, bottom + named.length * LINE + 5);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the picture is too large')) : resolve(blob))),
  );
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
