import type { JSX } from 'preact';
import type { RunAnswer } from '../../api.js';
import { bytesText, countText, exactText, momentText, valueText } from '../facts/format.js';
import { FigureTable } from '../parts/figure-table.js';
import { Left } from '../parts/left.js';

/** The checkpoints of the run, the newest first; nothing if it has none. */
export function CheckpointList({
  run: { checkpoints, checkpointsLeftOut, checkpointsProblem },
}: {
  readonly run: RunAnswer;
}): JSX.Element | null {
  if (checkpoints.length === 0 && checkpointsProblem === null) return null;
  const newest = checkpoints.at(-1);
  const ranked = [...new Set(checkpoints.flatMap(({ values }) => Object.keys(values)))];
  return (
    <section aria-label="Checkpoints">
      <h2>Checkpoints</h2>
      {newest === undefined ? null : (
        <p class="dim keep-rule" data-testid="keep-rule">
          {newest.keep.length === 0 ? 'All stay.' : `Kept: ${newest.keep.join(', and ')}.`}
        </p>
      )}
      {checkpointsProblem === null ? null : (
        <p class="run-error" role="alert">
          {checkpointsProblem}
        </p>
      )}
      {checkpoints.length === 0 ? null : (
        <FigureTable
          label="Checkpoints"
          heads={[
            'step',
            { number: 'size' },
            'saved',
            ...ranked.map((name) => ({ number: name, hint: `Ranked by ${name}` })),
          ]}
        >
          {[...checkpoints].reverse().map((each) => (
            <tr key={each.step} class={each === newest ? 'best' : ''} data-testid="checkpoint-row">
              <th scope="row">
                {countText(each.step)}
                {each === newest ? <span class="tag">newest</span> : null}
              </th>
              <td class="number">
                {bytesText(each.bytes)}
                {each.problem === null ? null : <span class="cell-problem"> {each.problem}</span>}
              </td>
              <td>{momentText(each.savedAt)}</td>
              {ranked.map((name) => (
                <td key={name} class="number" title={exactText(each.values[name])}>
                  {valueText(each.values[name], 5)}
                </td>
              ))}
            </tr>
          ))}
        </FigureTable>
      )}
      <Left left={checkpointsLeftOut} what="checkpoints, older than these" />
    </section>
  );
}
