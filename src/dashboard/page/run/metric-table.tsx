import type { JSX } from 'preact';
import type { RunFactsAnswer } from '../../api.js';
import { digitsFor, exactText, valueText } from '../facts/format.js';
import { STATISTICS } from '../facts/run-values.js';
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

/** The statistics of each metric. */
export function MetricTable({
  metrics,
}: {
  readonly metrics: NonNullable<RunFactsAnswer['metrics']>;
}): JSX.Element {
  const names = Object.keys(metrics).sort();
  if (names.length === 0) return <p class="dim">The run has not logged any metrics yet.</p>;
  return (
    <TableBox label="Statistics of the metrics">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">metric</th>
            {COLUMNS.map(([key, title]) => (
              <th scope="col" key={key} class={`number ${title === 'at' ? 'dim' : ''}`}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {COLUMNS.map(([key, title]) => (
                <Figure
                  key={key}
                  value={metrics[name]?.[key]}
                  isDim={title === 'at'}
                  digits={digitsFor(STATISTICS.map((statistic) => metrics[name]?.[statistic]))}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
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
