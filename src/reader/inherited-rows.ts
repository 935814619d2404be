import { dirname } from 'node:path';
import type { ColumnField } from '../columnar/column.js';
import { stepReader, valueAt } from '../columnar/column-values.js';
import { nullColumn } from '../columnar/concat.js';
import { gatherRows } from '../columnar/named-columns.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { STEP_FIELD, TIMESTAMP_FIELD } from '../columnar/row-group.js';
import { widenColumn, widerType } from '../columnar/widen.js';
import { ExpmanError, messageOf } from '../model/errors.js';
import type { RunIdentity } from '../model/run-file.js';
import { type Ancestor, lineageOf } from '../run/lineage.js';
import type { FsPort } from '../storage/fs-port.js';
import type { BatchWish } from './group-batches.js';
import { type RunInfo, openIntact } from './inspect-run.js';
import type { OpenRows } from './read-rows.js';

/** A run, with the rows of those that it was forked from before its own. */
export interface InheritedRows {
  readonly info: RunInfo;
  /** All counts and summaries are those of the run itself; only its batches and columns are more. */
  readonly rows: OpenRows;
  /** The runs that it was forked from, its parent first. */
  readonly lineage: readonly Ancestor[];
}

/** The rows of a run of the lineage, and which of them belong to the run that was opened. */
interface Share {
  readonly rows: OpenRows;
  readonly ancestor: Ancestor;
}

/**
 * Opens the rows of a run and of those that it was forked from; the caller closes them.
 *
 * The rows of an ancestor that cannot be read are missing, with those before it; the lineage says
 * so.
 *
 * @throws ExpmanError as {@link openIntact} does for the run itself
 */
export function openInherited(fs: FsPort, runDir: string): InheritedRows {
  const { info, rows } = openIntact(fs, runDir);
  if (info.identity.parent === undefined) return { info, rows, lineage: [] };
  const shares: Share[] = [];
  const close = (): void => {
    for (const each of [rows, ...shares.map((share) => share.rows)]) each.close();
  };
  try {
    const lineage: Ancestor[] = [];
    for (const ancestor of lineageIn(fs, runDir, info.identity)) {
      const opened = openShare(fs, ancestor, shares);
      lineage.push(opened);
      if (opened.runDir === null) break;
    }
    return { info, rows: { ...joined(rows, shares.reverse()), close }, lineage };
  } catch (error) {
    close();
    throw error;
  }
}

/** Finds the runs that a run was forked from. */
export const lineageIn = (
  fs: FsPort,
  runDir: string,
  { uuid, parent }: Pick<RunIdentity, 'uuid' | 'parent'>,
): Ancestor[] => lineageOf(fs, dirname(dirname(runDir)), { runDir, uuid, parent: parent ?? null });

/** Opens the rows of an ancestor; says why not if they cannot be read. */
function openShare(fs: FsPort, ancestor: Ancestor, shares: Share[]): Ancestor {
  const { runDir, parent, toStep } = ancestor;
  if (runDir === null) return ancestor;
  try {
    const { rows } = openIntact(fs, runDir);
    shares.push({ rows, ancestor });
    const removed = rows.rewinds.find(({ epoch, fromStep }) => epoch > parent.epoch && fromStep <= toStep);
    if (removed === undefined) return ancestor;
    return { ...ancestor, problem: `it was resumed from step ${removed.fromStep} since` };
  } catch (error) {
    if (!(error instanceof ExpmanError)) throw error;
    return { ...ancestor, problem: messageOf(error), runDir: null };
  }
}

/** A metric in the rows of several runs. */
interface JoinedMetric extends ColumnField {
  readonly isExact: boolean;
}

/** Puts the rows of ancestors, the oldest first, before those of a run. */
function joined(own: OpenRows, shares: readonly Share[]): OpenRows {
  const metrics = joinedMetrics([own, ...shares.map(({ rows }) => rows)]);
  const fields = [STEP_FIELD, TIMESTAMP_FIELD, ...metrics.values()];
  const columnOf = new Map([...metrics].map(([metric, { name }]) => [metric, name]));
  const read = function* (
    rows: OpenRows,
    wish: BatchWish,
    keep: (batch: NamedColumn[]) => NamedColumn[],
  ): Generator<NamedColumn[], void> {
    const wanted = [...metrics].filter(([, { name }]) => wish.columns?.has(name) !== false);
    const names = wanted.flatMap(([metric]) => rows.columnOf.get(metric) ?? []);
    for (const batch of rows.batches({
      ...wish,
      ...(wish.columns !== undefined && { columns: new Set(names) }),
    })) {
      const kept = keep(batch);
      const length = kept[0]?.length ?? 0;
      const keys = kept.slice(0, wish.isWithSession === true ? 3 : 2);
      const columns = wanted.map(([metric, { name, type }]) => {
        const column = kept.find((each, at) => at >= keys.length && each.name === rows.columnOf.get(metric));
        return { ...(column === undefined ? nullColumn(type, length) : widenColumn(column, type)), name };
      });
      yield [...keys, ...columns];
    }
  };
  return {
    ...own,
    fields,
    columnOf,
    plainColumns: [...metrics].map(([metric, { name, isExact }]) => [metric, name, isExact] as const),
    *batches(wish: BatchWish = {}) {
      const { fromStep, toStep = Infinity, columns } = wish;
      for (const { rows, ancestor } of shares) {
        const limited: BatchWish = {
          ...(columns !== undefined && { columns }),
          ...(fromStep !== undefined && { fromStep }),
          toStep: ancestor.toStep < toStep ? ancestor.toStep : toStep,
          isWithSession: true,
        };
        for (const batch of read(rows, limited, (each) => withinFork(each, ancestor)))
          yield wish.isWithSession === true ? withoutEpochs(batch) : batch.filter((_, at) => at !== 2);
      }
      yield* read(own, wish, (batch) => batch);
    },
  };
}

/** Returns the metrics of several runs, those of the first first, with types that hold all values. */
function joinedMetrics(all: readonly OpenRows[]): Map<string, JoinedMetric> {
  const metrics = new Map<string, JoinedMetric>();
  const taken = new Set([STEP_FIELD.name, TIMESTAMP_FIELD.name]);
  for (const { plainColumns, fields } of all) {
    const typeOf = new Map(fields.map(({ name, type }) => [name, type]));
    for (const [metric, column, isExact] of plainColumns) {
      const type = typeOf.get(column);
      if (type === undefined) continue;
      const known = metrics.get(metric);
      if (known === undefined) {
        let name = column;
        while (taken.has(name)) name += '_';
        taken.add(name);
        metrics.set(metric, { name, type, isExact });
      } else {
        const both = known.isExact && isExact;
        metrics.set(metric, { name: known.name, type: widerType(known.type, type, both), isExact: both });
      }
    }
  }
  return metrics;
}

/** Keeps the rows of an ancestor that belong to the fork. */
function withinFork(batch: NamedColumn[], { parent, toStep }: Ancestor): NamedColumn[] {
  const [step, , session] = batch;
  if (step === undefined || session === undefined) return batch;
  const stepOf = stepReader(step);
  const source = new Int32Array(step.length);
  let count = 0;
  for (let row = 0; row < step.length; row++) {
    const at = stepOf(row);
    const epoch = Number(valueAt(session, row) ?? -1);
    if (at !== null && at <= toStep && epoch <= parent.epoch) source[count++] = row;
  }
  return count === step.length ? batch : gatherRows(batch, source.subarray(0, count));
}

/** Removes the epochs of a parent's sessions: the run itself has others. */
const withoutEpochs = (batch: readonly NamedColumn[]): NamedColumn[] =>
  batch.map((column, at) =>
    at === 2 ? { ...nullColumn('INT64', column.length), name: column.name } : column,
  );
