import type { Area, Size } from './axes.js';

/**
 * The elements of a plot: the canvas, and over its plotting area the cursor and the stretch that is
 * being chosen.
 */
export interface Frame {
  readonly root: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  /** The plotting area, which gets the events of mouse and fingers. */
  readonly over: HTMLElement;
  readonly cursor: HTMLElement;
  readonly choice: HTMLElement;
}

/** Makes the elements in their parent. */
export function makeFrame(parent: HTMLElement): Frame {
  const element = <Name extends 'div' | 'canvas'>(name: Name, className: string, within: HTMLElement) => {
    const made = document.createElement(name);
    made.className = className;
    within.append(made);
    return made;
  };
  const root = element('div', 'plot', parent);
  const canvas = element('canvas', 'plot-canvas', root);
  const over = element('div', 'plot-over', root);
  const choice = element('div', 'plot-choice', over);
  const cursor = element('div', 'plot-cursor', over);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('the browser provides no canvas to draw on');
  cursor.hidden = true;
  return { root, canvas, context, over, cursor, choice };
}

/** Gives the canvas its size on the page and in device pixels, and clears it. */
export function clearCanvas({ root, canvas, context }: Frame, { width, height }: Size, ratio: number): void {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down)
    Object.assign(canvas, { width: across, height: down });
  Object.assign(root.style, { width: `${width}px`, height: `${height}px` });
  context.clearRect(0, 0, across, down);
}

/** Puts the plotting area in its place. */
export function placeOver({ over }: Frame, { left, top, width, height }: Area): void {
  Object.assign(over.style, {
    left: `${left}px`,
    top: `${top}px`,
    width: `${width}px`,
    height: `${height}px`,
  });
}

/** Shows the cursor at a share of the plot's width; null hides it. */
export function showCursor({ cursor }: Frame, at: number | null): void {
  const isSeen = at !== null && at >= 0 && at <= 1;
  cursor.hidden = !isSeen;
  if (isSeen) cursor.style.left = `${at * 100}%`;
}

/** Shows the stretch that is being chosen, in shares of the plot's width; null hides it. */
export function showChoice(
  { choice }: Frame,
  chosen: { readonly from: number; readonly to: number } | null,
): void {
  const [from, to] = chosen === null ? [0, 0] : [chosen.from, chosen.to].map(withinPlot);
  choice.style.left = `${from! * 100}%`;
  choice.style.width = `${(to! - from!) * 100}%`;
}

const withinPlot = (share: number): number => Math.min(Math.max(share, 0), 1);
