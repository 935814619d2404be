import { join, resolve } from 'node:path';
import { columnAt, fieldsOf, type RowBatch } from '../columnar/record-batch.js';
import { type LogLine, parseLogLine } from '../engine/log-line.js';
import { readContents } from '../reader/inspect-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { LOG_NAME } from '../storage/run-record.js';
import { asyncOf } from './async-of.js';
import { metricsIn, rowsOfTable } from './columnar/placed-table.js';
import type { ExchangeRun } from './exchange-run.js';
import { OUR_PLACES } from './places.js';
import { kindAt } from './source-files.js';
import { linesOf } from './text/lines.js';

/**
 * A run of ours as exporters take it, as it is now: open, closed, or cut off.
 *
 * A metric that could not have a column of its own name (one called `step`) goes by its column's.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
 */
// eslint-disable-next-line @typescript-eslint/require-await -- errors are rejections, and reading may move to a thread
export async function exchangeRunOf(runDir: string): Promise<ExchangeRun> {
  const folder = resolve(runDir);
  const { info, table } = readContents(nodeFs, folder);
  const { experiment, run, startedAt, tags, notes, group } = info.identity;
  const batches = table.batches as readonly RowBatch[];
  const fields = batches[0] === undefined ? [] : fieldsOf(batches[0]);
  const columns = {
    fields,
    batches: () => batches.map((batch) => fields.map((_, at) => columnAt(batch, at))),
  };
  const metrics = metricsIn(columns, OUR_PLACES);
  return {
    experiment,
    run,
    status: info.status,
    startedAt,
    endedAt: info.endedAt ?? null,
    tags,
    notes,
    group,
    params: info.params,
    fields: metrics.map(({ metric, type }) => ({ name: metric, type })),
    rows: () => asyncOf(rowsOfTable(columns, OUR_PLACES, metrics)),
    log: () => asyncOf(logLines(join(folder, LOG_NAME))),
  };
}

/** A line that is none of ours belongs to the one before it, or somebody wrote it there. */
function* logLines(path: string): Generator<LogLine, void> {
  if (kindAt(path) !== 'file') return;
  let timestampMs = 0;
  for (const { text } of linesOf(path)) {
    const line = parseLogLine(text) ?? { timestampMs, level: 'info', message: text, meta: {} };
    ({ timestampMs } = line);
    yield line;
  }
}
