import type { JSX } from 'preact';
import type { RunAnswer } from '../../api.js';
import { flatParams } from '../facts/run-values.js';
import { ValueTable } from '../parts/value-table.js';

/** The environment that produced the run, and the columns of its rows. */
export function EnvironmentTab({
  run: { environment, fields, facts },
}: {
  readonly run: RunAnswer;
}): JSX.Element {
  const folder: [string, unknown][] = facts.runDir === undefined ? [] : [['folder', facts.runDir]];
  return (
    <div class="columns">
      <section aria-label="Environment">
        <h2>Environment</h2>
        <ValueTable rows={[...folder, ...flatParams(environment)]} empty="No environment was recorded." />
      </section>
      <section aria-label="Columns">
        <h2>Columns of the rows</h2>
        <ValueTable
          rows={fields.map(({ name, type }) => [name, type] as const)}
          empty="The run has no rows yet."
        />
      </section>
    </div>
  );
}
