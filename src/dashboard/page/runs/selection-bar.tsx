import type { JSX } from 'preact';
import { inNumber } from '../../../pure/quantity.js';
import { countText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { choose } from '../state/navigation.js';

/** Shows how many runs there are and how many are selected, with actions for these. */
export function SelectionBar({
  selected,
  total,
  baseline,
}: {
  readonly selected: readonly string[];
  readonly total: number;
  readonly baseline: string | null;
}): JSX.Element {
  const [only] = selected;
  const query = new URLSearchParams(selected.map((id) => ['run', id]));
  return (
    <div class="bar bar-slim">
      <span class="dim" role="status">
        {countText(total)} {inNumber(total, 'runs')}
        {selected.length > 0 ? `, ${selected.length} selected` : ''}
      </span>
      {only === undefined ? null : (
        <>
          <To place={{ page: 'curves' }} query={query} class="button">
            Curves
          </To>
          <To place={{ page: 'compare' }} query={query} class="button">
            Compare
          </To>
          {selected.length === 1 && only !== baseline ? (
            <button type="button" class="quiet" onClick={() => choose({ base: only, run: null })}>
              Pin as baseline
            </button>
          ) : null}
          <button type="button" class="quiet" onClick={() => choose({ run: null })}>
            Clear
          </button>
        </>
      )}
      {baseline === null ? null : (
        <span class="pin">
          <span class="dim">baseline</span> {baseline}
          <button
            type="button"
            class="quiet"
            aria-label="Unpin the baseline"
            onClick={() => choose({ base: null })}
          >
            <span aria-hidden="true">×</span>
          </button>
        </span>
      )}
    </div>
  );
}
