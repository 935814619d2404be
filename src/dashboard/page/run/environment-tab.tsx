import type { JSX } from 'preact';
import type { RunAnswer } from '../../api.js';
import { flatParams } from '../facts/run-values.js';
import { ValueTable } from '../parts/value-table.js';

/** Where and by what the run was made, and the columns of its rows. */
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
        <ValueTable rows={[...folder, ...flatParams(environment)]} empty="Nothing was noted of it." />
      </section>
      <section aria-label="Columns">
        <h2>Columns of its rows</h2>
        <ValueTable
          rows={fields.map(({ name, type }) => [name, type] as const)}
          empty="It has no rows yet."
        />
      </section>
    </div>
  );
}
