import type { JSX } from 'preact';
import { excessOf } from '../../../pure/sweep-front.js';
import { countText, digitsFor, exactText, valueText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { TableBox } from '../parts/table-box.js';
import { runPlace } from '../state/route.js';
import { boundText, type Sweep, type Trial } from './trials.js';

/**
 * The number of rows that browsers show with ease; the other trials of a longer sweep are in the
 * list of runs.
 *
 * @bound tells: a line above the table says of how many trials; specs/dashboard/page/lists.spec.ts
 * "says how many of it are left out"
 */
const MOST_TRIALS = 1000;

/** A table of trials, with the best one and those on the front marked. */
export function TrialTable({
  experiment,
  sweep,
  params,
  hasPage,
}: {
  readonly experiment: string;
  readonly sweep: Sweep;
  /** Returns true if a run has a page. */
  readonly hasPage: (run: string) => boolean;
  readonly params: readonly string[];
}): JSX.Element {
  const { trials, best, metrics, constraints } = sweep;
  const shown = trials.slice(-MOST_TRIALS);
  const digits = metrics.map((_, at) => digitsFor(shown.map((trial) => figureOf(trial, at))));
  const boundDigits = constraints.map((_, at) => digitsFor(shown.map((trial) => trial.constraintValues[at])));
  const hasFront = metrics.length > 1;
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
            {hasFront ? <th scope="col">front</th> : null}
            {[...metrics.map(({ name }) => name), ...constraints.map(boundText)].map((name, at) => (
              <th scope="col" key={at} class="number">
                {name}
              </th>
            ))}
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
              {...{ experiment, sweep, trial, params, digits, boundDigits }}
              hasPage={hasPage(trial.run)}
              isBest={trial.number === best}
            />
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

/** The value of a trial for one of the metrics; one that lacks another metric still has the first. */
const figureOf = ({ value, values }: Trial, at: number): number | null =>
  values[at] ?? (at === 0 ? value : null);

function Row({
  experiment,
  sweep: { metrics, constraints, front },
  trial,
  params,
  isBest,
  digits,
  boundDigits,
  hasPage,
}: {
  readonly experiment: string;
  readonly sweep: Sweep;
  readonly trial: Trial;
  readonly params: readonly string[];
  readonly isBest: boolean;
  readonly hasPage: boolean;
  /** The significant digits of each metric. */
  readonly digits: readonly number[];
  /** The significant digits of the metric of each constraint. */
  readonly boundDigits: readonly number[];
}): JSX.Element {
  const { number, run, status, params: given, error } = trial;
  return (
    <tr class={isBest ? 'best' : ''}>
      <td class="number">{number}</td>
      <td>{hasPage && run !== '' ? <To place={runPlace(`${experiment}/${run}`)}>{run}</To> : run}</td>
      <td class={`trial-${status === 'stopped' || status === 'failed' ? status : 'other'}`} title={error}>
        {status === 'stopped' ? 'stopped early' : status}
        {isBest ? ' · best' : ''}
      </td>
      {metrics.length > 1 ? <td>{front.has(number) ? 'yes' : ''}</td> : null}
      {metrics.map(({ name }, at) => (
        <td key={name} class="number" title={exactText(figureOf(trial, at))}>
          {valueText(figureOf(trial, at), digits[at])}
        </td>
      ))}
      {constraints.map((bound, at) => (
        <td key={at} class="number" title={exactText(trial.constraintValues[at])}>
          {valueText(trial.constraintValues[at], boundDigits[at])}
          {excessOf(bound, trial.constraintValues[at] ?? NaN) > 0 ? (
            <span class="trial-failed"> broken</span>
          ) : null}
        </td>
      ))}
      {params.map((name) => (
        <td key={name} class="number" title={exactText(given.get(name))}>
          {valueText(given.get(name))}
        </td>
      ))}
    </tr>
  );
}
