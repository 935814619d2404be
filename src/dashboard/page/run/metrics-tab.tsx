import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RunAnswer } from '../../api.js';
import { RunCurves } from '../curves/run-curves.js';

/** The curves of the run's metrics. */
export function MetricsTab({ id, run }: { readonly id: string; readonly run: RunAnswer }): JSX.Element {
  const ids = useMemo(() => [id], [id]);
  return <RunCurves ids={ids} facts={[run.facts]} />;
}
