import { join } from 'node:path';
import { invalidOption } from '../../model/option-rules.js';
import type { RunFacts } from '../../model/run-facts.js';
import { RunStatus } from '../../model/run-status.js';
import { inNumber } from '../../pure/quantity.js';
import { segmentNames } from '../../run/replay/segment-files.js';
import { LOG_NAME } from '../../run/file-names.js';
import type { FsPort } from '../../storage/fs-port.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import { parseWhere } from '../where/parse-where.js';

/** A condition that a monitor watches. */
export interface Condition {
  readonly kind: 'crashed' | 'stalled' | 'matched';
  /** As it was given. */
  readonly text: string;
  /** Returns what is to be said of a run that meets it; null for any other run. */
  readonly holds: (facts: RunFacts) => string | null;
}

/**
 * Parses a condition: `crashed`, `stalled`, or a filter of runs.
 *
 * @throws ExpmanError `INVALID_FILTER`, `INVALID_OPTION` for an empty one
 */
export function parseCondition(fs: FsPort, text: string, stalledAfterMs: number): Condition {
  const trimmed = text.trim();
  switch (trimmed.toLowerCase()) {
    case '':
      throw invalidOption('on', "crashed, stalled, or a filter such as 'metrics.loss.last > 10'", text);
    case 'crashed':
      return { kind: 'crashed', text: trimmed, holds: crashed };
    case 'stalled':
      return { kind: 'stalled', text: trimmed, holds: (facts) => stalled(fs, facts, stalledAfterMs) };
    default: {
      const filter = parseWhere(trimmed);
      return { kind: 'matched', text: trimmed, holds: (facts) => (filter.matches(facts) ? trimmed : null) };
    }
  }
}

function crashed({ status, error }: RunFacts): string | null {
  if (status !== RunStatus.Crashed) return null;
  return error === undefined ? 'crashed' : `crashed: ${error.name}: ${error.message}`;
}

/** A beat of its lock is no sign that a run makes progress: its process may hang. */
function stalled(fs: FsPort, { runDir, status }: RunFacts, stalledAfterMs: number): string | null {
  if (status !== RunStatus.Running) return null;
  const names = [METRICS_NAME, LOG_NAME, ...segmentNames(fs, runDir).map(({ name }) => name)];
  const last = Math.max(...names.map((name) => fs.stat(join(runDir, name))?.modifiedMs ?? 0));
  const since = last > 0 ? last : (fs.stat(runDir)?.modifiedMs ?? Date.now());
  const quietMs = Date.now() - since;
  if (quietMs < stalledAfterMs) return null;
  const minutes = Math.floor(quietMs / 60_000);
  return minutes === 0
    ? `has logged nothing for ${Math.round(quietMs / 1000)} s`
    : `has logged nothing for ${minutes} ${inNumber(minutes, 'minutes')}`;
}
