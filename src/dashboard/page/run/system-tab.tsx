import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RunFactsAnswer, SystemAnswer } from '../../api.js';
import { useAsked } from '../api/use-api.js';
import { Chart } from '../chart/chart.js';
import type { Figure } from '../chart/figure.js';
import { colourAt } from '../chart/palette.js';
import { useView } from '../chart/use-view.js';
import { Answered, Empty } from '../parts/states.js';
import { theme } from '../state/theme.js';
import { useReread } from './use-reread.js';

/** Shows the system metrics sampled during the run. */
export function SystemTab({
  id,
  news,
}: {
  readonly id: string;
  readonly news: RunFactsAnswer | undefined;
}): JSX.Element {
  const [asked, again] = useAsked(id, (api) => api.system(id));
  useReread(news, asked, again);
  return (
    <Answered asked={asked} again={again} what="system metrics">
      {(columns) =>
        columns.length === 0 ? <Empty title="No system metrics were sampled" /> : <Charts columns={columns} />
      }
    </Answered>
  );
}

function Charts({ columns }: Pick<SystemAnswer, 'columns'>): JSX.Element {
  const moves = useView();
  const colours = theme.value;
  const figures = useMemo(
    () =>
      columns.map(({ name, x, y }): Figure => ({
        ...{ title: name, xTitle: 'time (s)', isLog: false },
        strokes: [{ name, x, y, colour: colourAt(0, colours), marks: [] }],
      })),
    [columns, colours],
  );
  return (
    <div class="charts">
      {figures.map((figure) => (
        <Chart key={figure.title} {...{ figure, ...moves }} height={180} />
      ))}
    </div>
  );
}
