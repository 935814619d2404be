import type { JSX } from 'preact';
import type { HistoryAnswer } from '../../api.js';
import { digitsFor, exactText, valueText } from '../facts/format.js';
import { runId, statusText } from '../facts/run-values.js';
import { FigureTable } from '../parts/figure-table.js';
import { To } from '../parts/link.js';
import { Status } from '../parts/status.js';
import { runPlace } from '../state/route.js';
import type { DrawnPoint } from './history-chart.js';
import { placeText } from './history-words.js';

/** The points of a history as text, the last one first. */
export function HistoryTable({
  history: { metric, by, axis },
  drawn,
}: {
  readonly history: HistoryAnswer;
  readonly drawn: readonly DrawnPoint[];
}): JSX.Element {
  const digits = digitsFor(drawn.map(({ point }) => point.value));
  return (
    <section aria-label="Points">
      <h2>Points</h2>
      <FigureTable label="Points of the history" heads={['run', { number: metric ?? '' }, by, 'status']}>
        {[...drawn].reverse().map(({ point, isBest }) => (
          <tr key={runId(point)} class={isBest ? 'best' : ''} data-testid="history-row">
            <th scope="row" title={runId(point)}>
              <To place={runPlace(runId(point))}>
                <span class="dim">{point.experiment}/</span>
                {point.run}
              </To>
            </th>
            <td class="number" title={exactText(point.value)}>
              {valueText(point.value, digits)}
              {isBest ? (
                <span class="best-mark">
                  <span aria-hidden="true">★</span>
                  <span class="hidden"> best</span>
                </span>
              ) : null}
            </td>
            <td>{placeText(point.x, axis)}</td>
            <td>
              <Status status={statusText(point)} />
            </td>
          </tr>
        ))}
      </FigureTable>
    </section>
  );
}
