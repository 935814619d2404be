import type { RunFacts } from '../../model/run-facts.js';
import type { ExperimentFacts } from '../api.js';
import { sweepFolder } from './read-sweep.js';

/** Summarises an experiment from its runs. */
export function experimentFacts(
  name: string,
  runs: readonly RunFacts[],
  unreadable: number,
  folder: string,
): ExperimentFacts {
  const withStatus = (...wanted: string[]): number =>
    runs.filter(({ status }) => wanted.includes(status)).length;
  return {
    name,
    runs: runs.length,
    running: withStatus('RUNNING'),
    failed: withStatus('FAILED', 'CRASHED'),
    unreadable,
    lastStartedAt: runs.reduce<string | null>(
      (last, { startedAt }) => (last === null || startedAt > last ? startedAt : last),
      null,
    ),
    // One file says it for all of them, but a listing may be of another moment for each.
    project: runs.at(-1)?.project ?? null,
    hasSweep: sweepFolder(folder) !== null,
  };
}
