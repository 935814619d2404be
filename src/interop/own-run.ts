import { resolve } from 'node:path';
import { openStoredRun } from '../reader/stored-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { asyncOf } from './async-of.js';
import type { ExchangeRun } from './exchange-run.js';

/**
 * A run of ours as exporters take it, as it is now: open, closed, or cut off.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
 */
export async function exchangeRunOf(runDir: string): Promise<ExchangeRun> {
  const stored = openStoredRun(nodeFs, resolve(runDir));
  const { experiment, run, status, startedAt, endedAt = null, tags, notes, group, params } = stored.facts;
  const fields = await stored.fields();
  const lines = await stored.logs();
  return {
    ...{ experiment, run, status, startedAt, endedAt, tags, notes, group, params, fields },
    rows: () => stored.rows(),
    // A line that is none of ours belongs to the one before it, or somebody wrote it there.
    log: () => asyncOf(lines.map((line) => (line.level === '' ? { ...line, level: 'info' } : line))),
  };
}
