import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { valueAt, stepReader } from '../../src/columnar/column-values.js';
import type { NamedColumn } from '../../src/columnar/record-batch.js';
import type { RunIdentity } from '../../src/model/run-file.js';
import type { Step } from '../../src/model/step.js';
import type { MetricSummary, MetricValue } from '../../src/model/metric.js';
import { encodeParams, plainParams } from '../../src/model/params.js';
import { definitionOf } from '../../src/pure/metric-definition.js';
import { readLog } from '../../src/reader/read-log.js';
import { lineageIn } from '../../src/reader/inherited-rows.js';
import { readStopRequest } from '../../src/run/stop-file.js';
import { checkpointsOf } from '../../src/reader/read-checkpoints.js';
import { mediaOf } from '../../src/reader/read-media.js';
import { openContents } from '../../src/reader/inspect-run.js';
import type { OpenRows } from '../../src/reader/read-rows.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import type { GoldenRun } from './golden-runs.js';

/**
 * What a reader must say of a run, as plain JSON: see "Test vectors" in src/storage/FORMAT.md.
 *
 * @param runDir - the run's folder; its owner is dead, or it has none
 */
export function expectedOf({ golden, run }: GoldenRun, runDir: string): unknown {
  const { info, rows } = openContents(nodeFs, runDir);
  try {
    const texts = [...rowTexts(rows)];
    const { replay } = rows;
    const log = readLog(nodeFs, runDir, replay.segments.length > 0 ? replay.state : null);
    const { status, publishedRows, walRows, accepted, rewound, lastStep, dropped, invalid, lost, losses } =
      info;
    const { tornBytes, corrupt, kept, setAside, rowsBehindGap, params, artifacts, metrics } = info;
    const { summary, headline, definitions, alerts } = info;
    const { uuid, epoch } = info.identity;
    const stop = readStopRequest(nodeFs, runDir, { uuid, epoch });
    const [, , ...metricFields] = rows.fields;
    const metricOf = new Map([...rows.columnOf].map(([metric, column]) => [column, metric]));
    return tagged({
      ...{ golden, run, status, rows: info.rows, publishedRows, walRows, accepted, rewound, lastStep },
      ...{
        dropped,
        invalid,
        lost,
        losses,
        tornBytes,
        rowsBehindGap,
        corrupt,
        kept,
        setAside,
        params,
        artifacts,
        summary,
        headline,
        definitions,
      },
      ...(alerts.length > 0 && { alerts }),
      ...(stop !== null && { stop }),
      defined: Object.fromEntries(
        [...metrics.keys()]
          .map((metric) => [metric, definitionOf(definitions, metric)] as const)
          .filter(([, definition]) => Object.keys(definition).length > 0),
      ),
      metrics: Object.fromEntries([...metrics].map(([metric, summary]) => [metric, stored(summary)])),
      columns: metricFields.map(({ name, type }) => [metricOf.get(name) ?? name, name, type]),
      sessions: rows.sessions,
      log: log.map(({ timestampMs, level, message, meta }) => [timestampMs, level, message, meta]),
      parent: info.identity.parent ?? null,
      ...(info.identity.mergedFrom !== undefined && { mergedFrom: info.identity.mergedFrom }),
      inherited: inheritedOf(runDir, info.identity),
      checkpoints: checkpointsOf(nodeFs, runDir).map(({ step, path, size, values, keep }) => [
        ...[step, basename(path), size, values, keep],
      ]),
      media: mediaOf(nodeFs, runDir).map(({ name, step, file }) => [name, step, file]),
      firstRow: texts[0] ?? null,
      lastRow: texts.at(-1) ?? null,
      rowsSha256: digestOf(texts),
    });
  } finally {
    rows.close();
  }
}

/** The rows of the runs that a run was forked from, as far as they belong to it: the oldest first. */
function inheritedOf(runDir: string, identity: RunIdentity): object {
  const texts = lineageIn(nodeFs, runDir, identity)
    .reverse()
    .flatMap(({ runDir: found, parent, toStep }) => {
      if (found === null) return [];
      const { rows } = openContents(nodeFs, found);
      try {
        const belongs = (step: Step | null, epoch: number): boolean =>
          step !== null && step <= toStep && epoch <= parent.epoch;
        return [...rowTexts(rows, belongs)];
      } finally {
        rows.close();
      }
    });
  return { rows: texts.length, sha256: digestOf(texts) };
}

const digestOf = (texts: readonly string[]): string =>
  createHash('sha256')
    .update(texts.map((text) => `${text}\n`).join(''))
    .digest('hex');

const tagged = (value: object): unknown => JSON.parse(encodeParams(plainParams(value)));

/** The rows of a run as texts that any language can make of them. */
function* rowTexts(
  rows: OpenRows,
  belongs: (step: Step | null, epoch: number) => boolean = () => true,
): Generator<string, void> {
  const metricOf = new Map([...rows.columnOf].map(([metric, column]) => [column, metric]));
  for (const [step, timestamp, session, ...metrics] of rows.batches({ isWithSession: true })) {
    if (step === undefined || timestamp === undefined || session === undefined) continue;
    const named = metrics
      .map((column) => ({ metric: metricOf.get(column.name) ?? column.name, column }))
      .sort((one, other) => Buffer.compare(Buffer.from(one.metric), Buffer.from(other.metric)));
    const stepOf = stepReader(step);
    for (let row = 0; row < step.length; row++) {
      if (!belongs(stepOf(row), Number(valueAt(session, row)))) continue;
      const cells = named.flatMap(({ metric, column }) => cellText(metric, column, row));
      yield [stepOf(row) ?? '-', valueAt(timestamp, row), ...cells].map(String).join('\t');
    }
  }
}

function cellText(metric: string, column: NamedColumn, row: number): string[] {
  const value = valueAt(column, row);
  return value === null ? [] : [`${JSON.stringify(metric)}=${valueText(value)}`];
}

function valueText(value: MetricValue): string {
  switch (typeof value) {
    case 'string':
      return `s:${Buffer.from(value).toString('hex')}`;
    case 'boolean':
      return `b:${Number(value)}`;
    case 'bigint':
      if (!Number.isSafeInteger(Number(value))) return `i:${value}`;
      break;
    default:
  }
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Number(value));
  return `n:${Number.isNaN(value) ? '7ff8000000000000' : bytes.toString('hex')}`;
}

/** A summary as the format has it: each step once. */
const stored = ({ stepOfMin: _min, stepOfMax: _max, ...summary }: MetricSummary): object => summary;
