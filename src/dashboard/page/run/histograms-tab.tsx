import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { shareOf } from '../../../pure/span.js';
import type { HistogramsAnswer, RunAnswer, RunFactsAnswer } from '../../api.js';
import { useAsked } from '../api/use-api.js';
import { columnEdges, type HistogramMap, histogramMap } from '../curves/histogram-map.js';
import { countText, numberText } from '../facts/format.js';
import { Answered, Empty } from '../parts/states.js';
import { theme } from '../state/theme.js';
import { useReread } from './use-reread.js';

/** Returns the metrics of a run that are histograms: their values are JSON. */
export function histogramNames({ facts }: RunAnswer): string[] {
  return Object.entries(facts.metrics ?? {})
    .filter(([, { last }]) => typeof last === 'string' && last.startsWith('{'))
    .map(([name]) => name);
}

/** Shows how the distributions of a run change over its steps. */
export function HistogramsTab({
  id,
  run,
  news,
}: {
  readonly id: string;
  readonly run: RunAnswer;
  readonly news: RunFactsAnswer | undefined;
}): JSX.Element {
  const names = histogramNames(run);
  if (names.length === 0) return <Empty title="The run has not logged any histograms" />;
  return (
    <div class="charts">
      {names.map((name) => (
        <Histogram key={name} {...{ id, name, news }} />
      ))}
    </div>
  );
}

function Histogram({
  id,
  name,
  news,
}: {
  readonly id: string;
  readonly name: string;
  readonly news: RunFactsAnswer | undefined;
}): JSX.Element {
  const [asked, again] = useAsked(`${id} ${name}`, (api) => api.histograms(id, name));
  useReread(news, asked, again);
  return (
    <figure class="chart card">
      <figcaption class="chart-head">
        <h2>{name}</h2>
      </figcaption>
      <Answered asked={asked} again={again} what={name}>
        {(read) => <Heatmap name={name} {...read} />}
      </Answered>
    </figure>
  );
}

/** Draws one column per step, placed by step, with values upwards; darker means more values. */
function Heatmap({
  name,
  values,
  histograms,
}: HistogramsAnswer & {
  readonly name: string;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = histogramMap(histograms);
  const colours = theme.value;
  useLayoutEffect(() => {
    const edges = columnEdges(histograms.map(({ step }) => step));
    if (canvas.current !== null && map !== null) paint(canvas.current, map, edges);
  }, [histograms, colours]);
  if (map === null) return <p class="state">no values</p>;
  const steps = histograms.map(({ step }) => (step === null ? '' : numberText(step)));
  return (
    <div class="heatmap">
      <span class="heatmap-top number">{numberText(map.to)}</span>
      <span class="heatmap-bottom number">{numberText(map.from)}</span>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${name}: ${histograms.length} histograms, values from ${numberText(map.from)} to ${numberText(map.to)}`}
      />
      <span class="heatmap-steps">
        <span>{steps[0]}</span>
        <span>{stepsText(histograms.length, values)}</span>
        <span>{steps.at(-1)}</span>
      </span>
    </div>
  );
}

/** The title of the step axis, which says how many values are shown if not all are. */
export const stepsText = (shown: number, values: number): string =>
  shown < values ? `step (${countText(shown)} of ${countText(values)} values)` : 'step';

function paint(
  canvas: HTMLCanvasElement,
  { columns, from, to }: HistogramMap,
  edges: readonly number[],
): void {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => size * devicePixelRatio);
  [canvas.width, canvas.height] = [width ?? 1, height ?? 1];
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('--accent');
  const topOf = (value: number): number => canvas.height * (1 - shareOf({ from, to }, value));
  columns.forEach((bins, index) => {
    const [left, right] = [index, index + 1].map((at) => Math.round((edges[at] ?? 1) * canvas.width));
    for (const bin of bins) {
      context.globalAlpha = bin.share;
      const top = topOf(bin.to);
      context.fillRect(
        left ?? 0,
        top,
        Math.max(1, (right ?? 0) - (left ?? 0)),
        Math.max(1, topOf(bin.from) - top),
      );
    }
  });
}
