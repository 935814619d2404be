import type { JSX } from 'preact';
import { answerOf } from '../api/use-api.js';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { Broken, Empty, Loading } from '../parts/states.js';
import { useLiveFacts } from '../runs/use-facts.js';
import { route } from '../state/navigation.js';
import { RunCurves } from './run-curves.js';

/**
 * Runs whose curves the server reads in one answer.
 *
 * @bound tells: a line above the curves says how many more;
 * specs/dashboard/browser/left-out.spec.ts "is counted: metrics in the menu and beyond the charts,
 * parameters beyond the axes, columns, runs"
 */
const MOST_RUNS = 100;

/** Overlays the curves of the selected runs, one chart per metric. */
export function CurvesPage(): JSX.Element {
  const { query } = route.value;
  const { shown: ids, left } = firstOf(query.getAll('run'), MOST_RUNS);
  const [asked, again] = useLiveFacts(ids);
  if (ids.length === 0)
    return (
      <Empty title="No runs are selected">
        Tick some <To place={{ page: 'runs' }}>runs</To> and come back: their curves are drawn over each other
        here.
      </Empty>
    );
  if (asked.state === 'failed') return <Broken failure={asked.failure} again={again} />;
  const facts = answerOf(asked);
  if (facts === undefined) return <Loading what="runs" />;
  return (
    <>
      <Left left={left} what="runs that are not drawn" />
      <RunCurves ids={ids} facts={facts} hasLegend />
    </>
  );
}
