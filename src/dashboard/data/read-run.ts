import { join } from 'node:path';
import { bitAt } from '../../columnar/bitmap.js';
import { numbersOf } from '../../columnar/column-values.js';
import { parseHistogram } from '../../model/histogram.js';
import { jsonText } from '../../model/json-text.js';
import { openContents, openIntact } from '../../reader/inspect-run.js';
import { factsOf } from '../../reader/read-facts.js';
import { storedArtifacts } from '../../reader/read-artifacts.js';
import { type LogFilter, readLog } from '../../reader/read-log.js';
import { type LoggedMedia, mediaOf } from '../../reader/read-media.js';
import { systemBatches } from '../../reader/system-batches.js';
import { metricNames } from '../../reader/select-rows.js';
import { SYSTEM_NAME } from '../../storage/metrics-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { valueAt } from '../../columnar/column-values.js';
import type { HistogramsAnswer, RunAnswer, SystemAnswer } from '../api.js';
import { checkpointsAnswer } from './checkpoints-answer.js';
import { CurveBuilder } from './curve-builder.js';
import { imageTypeAt } from './image-type.js';
import type { RunPlace } from './data-messages.js';
import { type PageOf, lineageAnswer } from './lineage-answer.js';
import { checkWanted } from './wanted.js';

/** The columns before the metrics: `step` and `timestamp`. */
const KEY_COLUMNS = 2;
const SYSTEM_POINTS = 1000;
/**
 * @bound tells: the answer and the axis of steps say of how many;
 * specs/dashboard/server/api.spec.ts "has at most 100 histograms of many, the first and the last
 * among them, and says of how many"
 */
const MAX_HISTOGRAMS = 100;

/** Escapes a path for an address. */
const quoted = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/**
 * Reads a run as JSON of a `RunAnswer`.
 *
 * @param pageOf - the pages of the runs that it was forked from
 */
export function readRun({ runDir, id }: RunPlace, pageOf: PageOf): string {
  const { info, rows } = openContents(nodeFs, runDir);
  try {
    const facts = factsOf(info);
    const metricOf = metricNames(rows);
    const { environment = {}, pid, host, epoch, resumed } = info.identity;
    const files = `/files/${quoted(id)}`;
    const answer: Omit<RunAnswer, 'facts'> = {
      fields: rows.fields.slice(KEY_COLUMNS).map(({ name, type }) => ({ name: metricOf(name), type })),
      environment: { pid, host, epoch, ...(resumed !== undefined && { resumed }), ...environment },
      files: [...info.files],
      losses: info.losses.map(({ calls, atMost = false, others = 0, file }) => ({
        ...{ calls, isAtMost: atMost, others, file },
      })),
      artifacts: storedArtifacts(facts).map(({ name, bytes, sha256 }) => ({
        ...{ name, bytes, sha256, href: `${files}/artifacts/${quoted(name)}` },
      })),
      media: mediaThere(runDir).map(({ name, kind, step, bytes, caption, file, path }) => ({
        ...{
          name,
          kind,
          step: step === null ? null : Number(step),
          bytes,
          caption,
          isImage: imageTypeAt(path) !== null,
        },
        href: `${files}/media/${quoted(file)}`,
      })),
      hasSystemMetrics: nodeFs.stat(join(runDir, SYSTEM_NAME))?.kind === 'file',
      ...checkpointsAnswer(runDir),
      lineage: lineageAnswer(runDir, info.identity, pageOf),
    };
    return jsonText({ facts, ...answer });
  } finally {
    rows.close();
  }
}

/**
 * The media of a run; none if their manifest cannot be read, so that the rest of the page stays.
 */
function mediaThere(runDir: string): LoggedMedia[] {
  try {
    return mediaOf(nodeFs, runDir);
  } catch {
    return [];
  }
}

/** Reads log lines as JSON of a `LogsAnswer`. */
export function readLogs({ runDir }: RunPlace, filter: LogFilter): string {
  const { rows } = openContents(nodeFs, runDir);
  rows.close();
  const { segments, state } = rows.replay;
  return jsonText({ lines: readLog(nodeFs, runDir, segments.length > 0 ? state : null, filter) });
}

/** Reads system metrics as JSON of a `SystemAnswer`. */
export function readSystem({ runDir, startedMs }: RunPlace): string {
  const curves = new Map<string, CurveBuilder>();
  for (const [timestamp, ...columns] of systemBatches(nodeFs, runDir)) {
    checkWanted();
    const times = timestamp === undefined ? null : numbersOf(timestamp);
    if (times === null) continue;
    for (const column of columns) {
      const values = numbersOf(column);
      const curve = curves.get(column.name) ?? new CurveBuilder(SYSTEM_POINTS);
      curves.set(column.name, curve);
      values?.forEach((value, row) => {
        if (column.validity === null || bitAt(column.validity, row))
          curve.add((times[row] ?? 0) / 1e6 - startedMs / 1e3, value);
      });
    }
  }
  const columns = [...curves].map(([name, curve]) => {
    const { x, y } = curve.drawn();
    return { name, x, y };
  });
  return jsonText({ columns } satisfies SystemAnswer);
}

interface HistogramText {
  readonly step: number | null;
  readonly text: string;
}

/** Reads histograms as JSON of a `HistogramsAnswer`; other values are skipped. */
export function readHistograms({ runDir }: RunPlace, metric: string): string {
  const { rows } = openIntact(nodeFs, runDir);
  try {
    const column = rows.columnOf.get(metric) ?? '';
    const places: HistogramText[] = [];
    let last: HistogramText | undefined;
    let every = 1;
    let seen = 0;
    for (const batch of rows.batches({ columns: new Set([column]) })) {
      checkWanted();
      const [step] = batch;
      const texts = batch.find(({ name }) => name === column);
      if (step === undefined || texts?.type !== 'UTF8') continue;
      for (let row = 0; row < texts.length; row++) {
        const text = valueAt(texts, row);
        if (typeof text !== 'string') continue;
        const at = valueAt(step, row);
        last = { step: at === null ? null : Number(at), text };
        if (seen++ % every !== 0) continue;
        places.push(last);
        // At twice the limit every other one is dropped.
        if (places.length <= 2 * MAX_HISTOGRAMS) continue;
        places.splice(0, places.length, ...places.filter((_, index) => index % 2 === 0));
        every *= 2;
      }
    }
    const stride = Math.ceil(places.length / MAX_HISTOGRAMS);
    const kept = places.filter((_, index) => index % stride === 0);
    // The newest one matters most.
    if (last !== undefined && kept.at(-1) !== last) kept.splice(MAX_HISTOGRAMS - 1, 1, last);
    const histograms = kept.flatMap(({ step, text }) => {
      const read = parseHistogram(text);
      return read === null ? [] : [{ step, edges: [...read.edges], counts: [...read.counts] }];
    });
    return jsonText({ values: seen, histograms } satisfies HistogramsAnswer);
  } finally {
    rows.close();
  }
}
