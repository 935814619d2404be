import type { JSX } from 'preact';
import type { RunFactsAnswer } from '../../api.js';
import { digitsFor, exactText, valueText } from '../facts/format.js';
import { definitionIn, standingStatistic } from '../facts/figures.js';
import { STATISTICS, valueOf } from '../facts/run-values.js';
import { TableBox } from '../parts/table-box.js';

const COLUMNS = [
  ['last', 'last'],
  ['min', 'min'],
  ['minStep', 'at'],
  ['max', 'max'],
  ['maxStep', 'at'],
  ['mean', 'mean'],
  ['count', 'values'],
  ['nan', 'NaN'],
  ['texts', 'texts'],
] as const;

/** The statistics of each metric; of a run that defines metrics, their goals and figures before. */
export function MetricTable({ facts }: { readonly facts: RunFactsAnswer }): JSX.Element {
  const { metrics = {} } = facts;
  const names = Object.keys(metrics).sort();
  if (names.length === 0) return <p class="dim">The run has not logged any metrics yet.</p>;
  const isDefined = names.some((name) => {
    const { goal, summary } = definitionIn(facts, name);
    return goal !== undefined || summary !== undefined;
  });
  return (
    <TableBox label="Statistics of the metrics">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">metric</th>
            {!isDefined ? null : (
              <>
                <th scope="col">goal</th>
                <th scope="col" class="number">
                  figure
                </th>
                <th scope="col" class="dim">
                  is
                </th>
              </>
            )}
            {COLUMNS.map(([key, title]) => (
              <th scope="col" key={key} class={`number ${title === 'at' ? 'dim' : ''}`}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <MetricRow key={name} {...{ facts, name, isDefined }} metric={metrics[name]} />
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function MetricRow({
  facts,
  name,
  metric,
  isDefined,
}: {
  readonly facts: RunFactsAnswer;
  readonly name: string;
  readonly metric: Readonly<Record<string, unknown>> | undefined;
  /** True if there are columns for what definitions say. */
  readonly isDefined: boolean;
}): JSX.Element {
  const figureOf = (statistic: (typeof STATISTICS)[number]): unknown =>
    valueOf(facts, { kind: 'metric', name, statistic });
  const digits = digitsFor(STATISTICS.map(figureOf));
  return (
    <tr>
      <th scope="row" title={name}>
        {name}
      </th>
      {!isDefined ? null : (
        <>
          <td>{definitionIn(facts, name).goal ?? ''}</td>
          <Figure value={figureOf('figure')} isDim={false} digits={digits} />
          <td class="dim">{standingStatistic(facts, name)}</td>
        </>
      )}
      {COLUMNS.map(([key, title]) => (
        <Figure key={key} value={metric?.[key]} isDim={title === 'at'} digits={digits} />
      ))}
    </tr>
  );
}

function Figure({
  value,
  isDim,
  digits,
}: {
  readonly value: unknown;
  readonly isDim: boolean;
  readonly digits: number;
}): JSX.Element {
  // A histogram is JSON, and has its own tab.
  const isHistogram = typeof value === 'string' && value.startsWith('{');
  const text = isHistogram ? 'histogram' : valueText(value, digits);
  return (
    <td class={`number ${isDim ? 'dim' : ''}`} title={isHistogram ? '' : exactText(value)}>
      {text}
    </td>
  );
}
