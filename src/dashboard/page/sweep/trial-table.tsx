import type { JSX } from 'preact';
import { countText, digitsFor, exactText, valueText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { TableBox } from '../parts/table-box.js';
import { runPlace } from '../state/route.js';
import type { Sweep, Trial } from './trials.js';

/**
 * The number of rows that browsers show with ease; the other trials of a longer sweep are in the
 * list of runs.
 *
 * @bound tells: a line above the table says of how many trials; specs/dashboard/page/lists.spec.ts
 * "says how many of it are left out"
 */
const MOST_TRIALS = 1000;

/** A table of trials, with the best one marked. */
export function TrialTable({
  experiment,
  sweep: { trials, best, metric },
  params,
  hasPage,
}: {
  readonly experiment: string;
  readonly sweep: Sweep;
  /** Returns true if a run has a page. */
  readonly hasPage: (run: string) => boolean;
  readonly params: readonly string[];
}): JSX.Element {
  const shown = trials.slice(-MOST_TRIALS);
  const digits = digitsFor(shown.map(({ value }) => value));
  return (
    <TableBox label="Trials">
      {shown.length < trials.length ? (
        <p class="dim">
          The last {countText(shown.length)} of {countText(trials.length)} trials.
        </p>
      ) : null}
      <table class="figures">
        <thead>
          <tr>
            <th scope="col" class="number">
              trial
            </th>
            <th scope="col">run</th>
            <th scope="col">status</th>
            <th scope="col" class="number">
              {metric}
            </th>
            {params.map((name) => (
              <th scope="col" key={name} class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((trial) => (
            <Row
              key={trial.number}
              {...{ experiment, trial, params, digits }}
              hasPage={hasPage(trial.run)}
              isBest={trial.number === best}
            />
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Row({
  experiment,
  trial: { number, run, status, value, params: given, error },
  params,
  isBest,
  digits,
  hasPage,
}: {
  readonly experiment: string;
  readonly trial: Trial;
  readonly params: readonly string[];
  readonly isBest: boolean;
  readonly hasPage: boolean;
  /** The significant digits of the metric. */
  readonly digits: number;
}): JSX.Element {
  return (
    <tr class={isBest ? 'best' : ''}>
      <td class="number">{number}</td>
      <td>{hasPage && run !== '' ? <To place={runPlace(`${experiment}/${run}`)}>{run}</To> : run}</td>
      <td class={`trial-${status === 'stopped' || status === 'failed' ? status : 'other'}`} title={error}>
        {status === 'stopped' ? 'stopped early' : status}
        {isBest ? ' · best' : ''}
      </td>
      <td class="number" title={exactText(value)}>
        {valueText(value, digits)}
      </td>
      {params.map((name) => (
        <td key={name} class="number" title={exactText(given.get(name))}>
          {valueText(given.get(name))}
        </td>
      ))}
    </tr>
  );
}
