import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { HistoryAnswer, HistoryPointAnswer } from '../../api.js';
import { longest } from '../chart/ticks.js';
import { cut } from '../compare/axis.js';
import { runId, statusText } from '../facts/run-values.js';
import { hashOf, runPlace } from '../state/route.js';
import { axisTitle, placeText, pointText } from './history-words.js';
import { type Scale, scaleOfField, scaleOfFigure } from './scales.js';

/** A point as it is drawn. */
export interface DrawnPoint {
  readonly point: HistoryPointAnswer;
  readonly colour: string;
  readonly isBest: boolean;
}

const HEIGHT = 320;
const EDGE = { right: 20, top: 16, bottom: 44 };
/** The room between the frame and the first and last point. */
const INSET = 14;
const LETTER = 6.6;
/** @bound loses nothing: the label ends in an ellipsis, the table has all of it */
const LONGEST_LABEL = 14;
const RADIUS = 4.5;
/** The radius within which a point is hit. */
const REACH = 11;

/**
 * Draws one point per run, which links to the run. The points are one stop for the keyboard, within
 * which the arrows move.
 */
export function HistoryChart({
  history,
  drawn,
  label,
}: {
  readonly history: HistoryAnswer;
  readonly drawn: readonly DrawnPoint[];
  readonly label: string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [focused, setFocused] = useState(0);
  const up = scaleOfFigure(history.points, HEIGHT - EDGE.top - EDGE.bottom);
  const left = Math.max(34, LETTER * longest(up.ticks.map(({ text }) => text)) + 16);
  const area = {
    left,
    width: Math.max(60, width - left - EDGE.right),
    height: HEIGHT - EDGE.top - EDGE.bottom,
  };
  const across = scaleOfField(history, area.width);
  const xOf = (place: number): number => area.left + INSET + place * (area.width - 2 * INSET);
  const yOf = (place: number): number => EDGE.top + (1 - place) * area.height;
  const stop = Math.min(focused, drawn.length - 1);
  return (
    <div class="history-chart card" ref={box}>
      <svg
        role="group"
        aria-label={label}
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        onKeyDown={(event) => {
          const next = nextStop(event.key, stop, drawn.length);
          if (next === null || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          setFocused(next);
          box.current?.querySelectorAll<SVGAElement>('a')[next]?.focus();
        }}
      >
        <g aria-hidden="true">
          {up.ticks.map(({ place, text }) => (
            <g key={`y ${place}`}>
              <line class="grid" x1={area.left} x2={area.left + area.width} y1={yOf(place)} y2={yOf(place)} />
              <text x={area.left - 8} y={yOf(place) + 4} text-anchor="end">
                {text}
              </text>
            </g>
          ))}
          {across.ticks.map(({ place, text }) => (
            <text
              key={`x ${place}`}
              x={xOf(place)}
              y={EDGE.top + area.height + 18}
              text-anchor={anchorOf(place)}
            >
              {cut(text, history.axis === 'date' ? text.length : LONGEST_LABEL)}
            </text>
          ))}
          <line
            class="axis"
            x1={area.left}
            x2={area.left + area.width}
            y1={EDGE.top + area.height}
            y2={EDGE.top + area.height}
          />
          <text x={area.left + area.width / 2} y={HEIGHT - 6} text-anchor="middle">
            {cut(axisTitle(history), Math.floor(area.width / LETTER))}
            {across.isLog ? ' (log)' : ''}
          </text>
          {history.axis === 'date' ? <Lines {...{ drawn, across, up, xOf, yOf }} /> : null}
        </g>
        {drawn.map((each, index) => (
          <Dot
            key={runId(each.point)}
            {...{ ...each, metric: history.metric ?? '', by: history.by, axis: history.axis }}
            x={xOf(across.placeOf(each.point.x) ?? 0)}
            y={yOf(heightOf(up, each.point))}
            isStop={index === stop}
            onFocus={() => setFocused(index)}
          />
        ))}
      </svg>
    </div>
  );
}

/** The point that a key leads to; null for any other key. */
function nextStop(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return Math.min(at + 1, count - 1);
    case 'ArrowLeft':
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

const anchorOf = (place: number): 'start' | 'middle' | 'end' =>
  place < 0.04 ? 'start' : place > 0.96 ? 'end' : 'middle';

/** A value that is not finite is at an edge: infinity at the top, NaN at the bottom. */
const heightOf = (up: Scale, { value }: HistoryPointAnswer): number =>
  up.placeOf(value) ?? (value === 'Infinity' ? 1 : 0);

/** Joins the points of each experiment; a value that is not finite leaves a gap. */
function Lines({
  drawn,
  across,
  up,
  xOf,
  yOf,
}: {
  readonly drawn: readonly DrawnPoint[];
  readonly across: Scale;
  readonly up: Scale;
  readonly xOf: (place: number) => number;
  readonly yOf: (place: number) => number;
}): JSX.Element {
  const lines = new Map<string, { readonly colour: string; path: string; isDown: boolean }>();
  for (const { point, colour } of drawn) {
    const line = lines.get(point.experiment) ?? { colour, path: '', isDown: false };
    lines.set(point.experiment, line);
    const [x, y] = [across.placeOf(point.x), up.placeOf(point.value)];
    if (x !== null && y !== null) line.path += `${line.isDown ? 'L' : 'M'}${xOf(x)} ${yOf(y)}`;
    line.isDown = y !== null;
  }
  return (
    <>
      {[...lines].map(([experiment, { colour, path }]) => (
        <path key={experiment} d={path} style={{ stroke: colour }} />
      ))}
    </>
  );
}

function Dot({
  point,
  colour,
  isBest,
  metric,
  by,
  axis,
  x,
  y,
  isStop,
  onFocus,
}: DrawnPoint & {
  readonly metric: string;
  readonly by: string;
  readonly axis: HistoryAnswer['axis'];
  readonly x: number;
  readonly y: number;
  readonly isStop: boolean;
  readonly onFocus: () => void;
}): JSX.Element {
  const id = runId(point);
  const text = `${id}: ${pointText(metric, point)}, ${by} ${placeText(point.x, axis)}, ${statusText(point)}${isBest ? ', best' : ''}`;
  const isFinite = typeof point.value === 'number';
  return (
    <a
      href={hashOf(runPlace(id))}
      class="history-point"
      data-testid="history-point"
      data-run={id}
      aria-label={text}
      tabIndex={isStop ? 0 : -1}
      onFocus={onFocus}
    >
      <title>{text}</title>
      <circle class="history-reach" cx={x} cy={y} r={REACH} />
      {isBest ? (
        <circle class="history-best" cx={x} cy={y} r={RADIUS + 3.5} style={{ stroke: colour }} />
      ) : null}
      {isFinite ? (
        <circle
          class={point.status === 'RUNNING' ? 'history-dot history-running' : 'history-dot'}
          cx={x}
          cy={y}
          r={RADIUS}
          style={{ stroke: colour, ...(point.status !== 'RUNNING' && { fill: colour }) }}
        />
      ) : (
        <path class="history-cross" d={`M${x - 4} ${y - 4}l8 8m0 -8l-8 8`} />
      )}
    </a>
  );
}

/** The width of an element, which changes with the window. */
function useWidth(box: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(600);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setWidth(Math.max(200, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
