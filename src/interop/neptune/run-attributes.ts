import type { LogLine } from '../../run/log-line.js';
import type { MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import { decodeParams, type Params, sanitiseParams } from '../../model/params.js';
import { isRunStatus, RunStatus } from '../../model/run-status.js';
import { asyncOf } from '../exchange/async-of.js';
import { isFileTime } from '../columnar/parquet-thread-messages.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { quoted } from '../../model/printable.js';
import { quantity } from '../../pure/quantity.js';
import { Findings } from '../exchange/findings.js';
import { isoOfMs } from '../exchange/instants.js';
import { PointRows } from '../exchange/points.js';
import { type ExchangedSummary, summaryFrom, summaryOf } from '../exchange/summary-json.js';
import { corruptAt, isMapping, type Mapping, textOr, textsOf } from '../source/source-files.js';
import { STEP_SCALE } from './attribute-columns.js';
import { PATHS } from './attribute-records.js';

/** Collects the records of one run. */
export class RunAttributes {
  private readonly configs = new Map<string, unknown>();
  private readonly points: PointRows;
  private readonly lines: LogLine[] = [];
  private readonly findings = new Findings();
  private readonly leftOut = new Map<string, number>();
  private types: ReadonlyMap<string, unknown> = new Map();

  constructor(
    private readonly project: string,
    private readonly id: string,
    private readonly path: string,
  ) {
    this.points = new PointRows(path);
  }

  add(record: Mapping): void {
    const { attribute_path: name, attribute_type: type } = record;
    if (typeof name !== 'string') throw corruptAt(this.path, 'a record has no attribute_path');
    switch (type) {
      case 'float_series':
        this.addPoint(name, record, record['float_value']);
        break;
      case 'string_series':
        if (name === PATHS.log) this.lines.push(lineOf(record));
        else this.addPoint(name, record, record['string_value']);
        break;
      case 'float':
      case 'int':
      case 'string':
      case 'bool':
      case 'string_set':
        this.addConfig(name, record[`${type}_value`]);
        break;
      case 'datetime':
        this.addConfig(name, isoOfMs(msOf(record['datetime_value'])));
        break;
      default:
        this.leaveOut(textOr(type, 'unknown'));
        break;
    }
  }

  /** @param parts - the files that it is in */
  toRun(parts: readonly string[]): ExchangeRun {
    const { configs } = this;
    const group = textsOf(configs.get(PATHS.group))[0];
    return {
      experiment: this.project,
      run: this.id,
      status: this.status(),
      startedAt: isoText(configs.get(PATHS.created)),
      endedAt: isoText(configs.get(PATHS.modified)),
      tags: textsOf(configs.get(PATHS.tags)),
      notes: textOr(configs.get(PATHS.description)),
      group: group ?? null,
      params: this.params(),
      ...this.summary(),
      fields: [],
      source: { id: this.id, files: parts },
      findings: () => this.findings.all,
      rows: () => asyncOf(this.points.rows()),
      log: () => asyncOf(this.lines),
    };
  }

  /** Files and histograms, which the export has only by name or in files of its own. */
  private leaveOut(type: string): void {
    const count = (this.leftOut.get(type) ?? 0) + 1;
    this.leftOut.set(type, count);
    this.findings.add('left out', quantity(count, `values of the type ${quoted(type, 40)}`), type);
  }

  private addConfig(name: string, value: unknown): void {
    this.configs.set(name, value);
    if (name === PATHS.fields) this.types = typesIn(value);
  }

  private addPoint(metric: string, record: Mapping, value: unknown): void {
    const read = typeof value === 'number' ? this.typed(metric, value) : value;
    if (
      typeof read !== 'number' &&
      typeof read !== 'string' &&
      typeof read !== 'bigint' &&
      typeof read !== 'boolean'
    )
      return;
    const ms = msOf(record['timestamp']);
    this.points.add(metric, stepOf(record['step']), ms === null ? null : ms * 1000, read);
  }

  /** Converts a number to the type that our own export states for the metric. */
  private typed(metric: string, value: number): MetricValue {
    const type = this.types.get(metric);
    if (type === 'BOOLEAN') return value !== 0;
    return type === 'INT64' && Number.isInteger(value) ? int64Of(value) : value;
  }

  private status(): RunStatus {
    const { configs } = this;
    const status = configs.get(PATHS.status);
    if (isRunStatus(status)) return status;
    if (configs.get(PATHS.failed) === true) return RunStatus.Failed;
    const isRunning = /^(?:running|active)$/i.test(textOr(configs.get('sys/state')));
    return isRunning ? RunStatus.Running : RunStatus.Finished;
  }

  private get userConfigs(): [string, unknown][] {
    return [...this.configs].filter(([name]) => !/^(?:sys|expman)\//.test(name));
  }

  /**
   * Returns the summary that our own export states, or else single numbers and booleans.
   *
   * Neptune has one kind of attribute for a parameter and for a final score
   * (https://docs.neptune.ai/attribute_types). Only where a run has the namespace for parameters
   * that its documentation recommends are all others figures; they remain parameters as well.
   */
  private summary(): ExchangedSummary {
    const exact = this.configs.get(PATHS.exactSummary);
    if (typeof exact === 'string') return summaryIn(exact);
    const isParam = ([name]: [string, unknown]): boolean => /^param(?:eter)?s\//.test(name);
    const { userConfigs } = this;
    if (this.configs.has(PATHS.exactParams) || !userConfigs.some(isParam)) return {};
    const figures = userConfigs.filter(
      (entry): entry is [string, number | bigint | boolean] =>
        !isParam(entry) &&
        !THEIRS.test(entry[0]) &&
        ['number', 'bigint', 'boolean'].includes(typeof entry[1]),
    );
    return summaryOf({ summary: bareObject(figures) });
  }

  private params(): Params {
    const exact = this.configs.get(PATHS.exactParams);
    if (typeof exact === 'string') return decodeParams(exact);
    const short = this.userConfigs.map(([name, value]) => [name.replace(/^params\//, ''), value] as const);
    return sanitiseParams(bareObject(short)).params;
  }
}

/** The namespaces that Neptune itself fills. */
const THEIRS = /^(?:monitoring|source_code)\//;

function summaryIn(text: string): ExchangedSummary {
  try {
    const json: unknown = JSON.parse(text);
    return isMapping(json) ? summaryFrom(json) : {};
  } catch {
    return {};
  }
}

function typesIn(json: unknown): ReadonlyMap<string, unknown> {
  try {
    const fields: unknown = JSON.parse(textOr(json));
    const known = Array.isArray(fields) ? fields.filter(isMapping) : [];
    return new Map(known.map(({ name, type }) => [textOr(name), type]));
  } catch {
    return new Map();
  }
}

function lineOf(record: Mapping): LogLine {
  const [, level = 'info', message = ''] =
    /^([A-Z0-9_.-]+) (.*)$/s.exec(textOr(record['string_value'])) ?? [];
  return { timestampMs: msOf(record['timestamp']) ?? 0, level: level.toLowerCase(), message, meta: {} };
}

/** Converts to the nearest 64-bit integer: as a double, the largest of them is one too large. */
function int64Of(value: number): bigint {
  const integer = BigInt(value);
  if (BigInt.asIntN(64, integer) === integer) return integer;
  return value > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
}

/**
 * Converts a step; hyparquet returns decimals as doubles, and one with a fraction is not a step of
 * ours.
 */
function stepOf(value: unknown): number | null {
  const step = typeof value === 'number' ? Math.round(value * STEP_SCALE) / STEP_SCALE : NaN;
  return Number.isSafeInteger(step) ? step : null;
}

const msOf = (value: unknown): number | null => (isFileTime(value) ? value.microsSinceEpoch / 1000 : null);

const isoText = (value: unknown): string | null => (typeof value === 'string' ? value : null);
