import type { JSX } from 'preact';
import type { RunFactsAnswer } from '../../api.js';
import { statusText } from '../facts/run-values.js';
import { To } from '../parts/link.js';
import { Status } from '../parts/status.js';
import { choose } from '../state/navigation.js';
import { runPlace } from '../state/route.js';

/** The runs and their colours; each can be hidden from the charts. */
export function RunLegend({
  ids,
  known,
  hidden,
  colourOf,
}: {
  readonly ids: readonly string[];
  readonly known: ReadonlyMap<string, RunFactsAnswer>;
  readonly hidden: readonly string[];
  readonly colourOf: (run: string) => string;
}): JSX.Element {
  const toggle = (id: string): void =>
    choose({ hide: hidden.includes(id) ? hidden.filter((each) => each !== id) : [...hidden, id] }, 'replace');
  return (
    <div class="side legend" role="region" aria-label="Runs shown">
      <h2>Runs</h2>
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <label title={id}>
              <input type="checkbox" checked={!hidden.includes(id)} onChange={() => toggle(id)} />
              <i class="swatch" style={{ background: colourOf(id) }} />
              <span class="hidden">Show {id}</span>
            </label>
            <To place={runPlace(id)} title={id}>
              {id.slice(id.indexOf('/') + 1)}
            </To>
            <Status status={statusText(known.get(id) ?? { status: 'gone' })} />
          </li>
        ))}
      </ul>
    </div>
  );
}
