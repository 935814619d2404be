import { seen } from '../curves/extent.js';
import type { Figure, Stroke } from './figure.js';

/** The place of a figure on its canvas, in device pixels. */
export interface Canvas {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly from: number;
  readonly to: number;
  readonly xOf: (value: number) => number;
  readonly yOf: (value: number) => number;
  /** While the chart is dragged, lines are one pixel wide, which takes a third of the time. */
  readonly isMoving: boolean;
}

/** Draws the lines, bands and marks of a figure. */
export function drawFigure({ strokes, isLog }: Figure, canvas: Canvas): void {
  const { context, left, top, width, height } = canvas;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.lineJoin = canvas.isMoving ? 'bevel' : 'round';
  for (const stroke of strokes) drawStroke(stroke, isLog, canvas);
  context.restore();
}

function drawStroke(stroke: Stroke, isLog: boolean, canvas: Canvas): void {
  const { context, ratio, isMoving } = canvas;
  context.strokeStyle = context.fillStyle = stroke.colour;
  if (stroke.band !== undefined) drawBand(stroke.x, stroke.band, isLog, canvas);
  if (stroke.raw !== undefined && !isMoving) {
    context.globalAlpha = 0.25;
    context.lineWidth = ratio;
    drawLine(stroke.x, stroke.raw, isLog, canvas);
    context.globalAlpha = 1;
  }
  context.lineWidth = isMoving ? 1 : 1.5 * ratio;
  drawLine(stroke.x, stroke.y, isLog, canvas);
  for (const { x, what } of stroke.marks) if (x >= canvas.from && x <= canvas.to) drawMark(x, what, canvas);
}

const hasPlace = (value: number | null | undefined, isLog: boolean): value is number =>
  value !== null && value !== undefined && (!isLog || value > 0);

function drawLine(x: readonly number[], y: readonly (number | null)[], isLog: boolean, canvas: Canvas): void {
  const { context, xOf, yOf, ratio } = canvas;
  const [from, to] = seen(x, canvas);
  context.beginPath();
  let isDown = false;
  for (let index = from; index < to; index++) {
    const value = y[index];
    if (!hasPlace(value, isLog)) {
      isDown = false;
      continue;
    }
    const [left, top] = [xOf(x[index]!), yOf(value)];
    if (isDown) context.lineTo(left, top);
    else context.moveTo(left, top);
    // A single value between gaps has no line: it gets a dot.
    if (!isDown && !hasPlace(y[index + 1], isLog)) context.arc(left, top, 1.5 * ratio, 0, 2 * Math.PI);
    isDown = true;
  }
  context.stroke();
}

function drawBand(
  x: readonly number[],
  { min, max }: NonNullable<Stroke['band']>,
  isLog: boolean,
  canvas: Canvas,
): void {
  const { context, xOf, yOf } = canvas;
  const [from, to] = seen(x, canvas);
  context.globalAlpha = 0.16;
  const there: number[] = [];
  for (let index = from; index < to; index++)
    if (hasPlace(min[index], isLog) && hasPlace(max[index], isLog)) there.push(index);
  context.beginPath();
  for (const index of there) context.lineTo(xOf(x[index]!), yOf(max[index]!));
  for (const index of there.reverse()) context.lineTo(xOf(x[index]!), yOf(min[index]!));
  context.fill();
  context.globalAlpha = 1;
}

/** Marks Infinity at the upper edge, -Infinity at the lower, and NaN as a cross at the lower. */
function drawMark(x: number, what: string, { context, top, height, ratio, xOf }: Canvas): void {
  const size = 4 * ratio;
  const [left, bottom] = [xOf(x), top + height];
  context.lineWidth = 1.5 * ratio;
  context.beginPath();
  if (what === 'NaN') {
    context.moveTo(left - size, bottom - 2.5 * size);
    context.lineTo(left + size, bottom - 0.5 * size);
    context.moveTo(left + size, bottom - 2.5 * size);
    context.lineTo(left - size, bottom - 0.5 * size);
    context.stroke();
    return;
  }
  const [tip, base] = what === 'Infinity' ? [top + 1, top + 2 * size] : [bottom - 1, bottom - 2 * size];
  context.moveTo(left, tip);
  context.lineTo(left - size, base);
  context.lineTo(left + size, base);
  context.fill();
}
