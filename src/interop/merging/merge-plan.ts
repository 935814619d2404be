import type { MetricRow } from '../../model/metric.js';
import { PARENT_FOLDER, type RunParent, parentText } from '../../model/run-parent.js';
import { quantity } from '../../pure/quantity.js';
import { CONFIG_NAME, LOG_NAME, RUN_NAME } from '../../run/file-names.js';
import { METRICS_NAME, SYSTEM_NAME } from '../../storage/metrics-file.js';
import { parseSegmentName } from '../../storage/wal/frame.js';
import { joinHeaders, type MergedHeader } from './merge-header.js';
import { type MergeNotes, namesText } from './merge-notes.js';
import type { Merging } from './merge-options.js';
import type { ParamConflict } from './merge-params.js';
import { type RowSource, type RowTally, pieceRows, rankRows } from './merge-rows.js';
import { type MergeKind, type MergeSource, surveyRows } from './merge-sources.js';

const ROWS_A_CALL = 10_000;
/** The parts of a run's folder that are merged, or hold nothing that is not elsewhere. */
const KNOWN_FILES: readonly string[] = [RUN_NAME, CONFIG_NAME, LOG_NAME, METRICS_NAME, SYSTEM_NAME];
const KNOWN_FOLDERS: readonly string[] = ['artifacts', 'media', 'checkpoints', PARENT_FOLDER];

/** What a merge does, once its runs have been read. */
export interface Plan {
  readonly kind: MergeKind;
  readonly sources: readonly RowSource[];
  readonly tallies: readonly RowTally[];
  readonly header: MergedHeader;
  readonly conflicts: readonly ParamConflict[];
  readonly parent: RunParent | null;
  readonly notes: MergeNotes;
}

/**
 * Reads runs once, and decides how they become one.
 *
 * @throws ExpmanError `INVALID_VALUE` or `CORRUPT` for what a strict merge refuses; errors of the file system
 */
export function planned(kind: MergeKind, opened: readonly MergeSource[], notes: MergeNotes): Plan {
  const sources = opened.map((source) => ({ ...source, survey: surveyRows(source, notes) }));
  for (const source of sources) noteOtherFiles(source, notes);
  return {
    ...{ kind, sources, notes },
    tallies: sources.map(() => ({ rows: 0, replaced: 0 })),
    ...joinHeaders(kind, sources, notes),
    parent: parentOf(kind, sources, notes),
  };
}

/** Notes what lies in the folder of a run and is no part of a run. */
function noteOtherFiles(source: MergeSource, notes: MergeNotes): void {
  const { files, others } = source.files;
  if (others.length > 0) notes.leftOut(source, `${namesText(others)} are no regular files`, 'INVALID_VALUE');
  const strange = files.filter((name) => {
    const [first = '', ...below] = name.split('/');
    if (below.length > 0) return !KNOWN_FOLDERS.includes(first);
    return !KNOWN_FILES.includes(name) && parseSegmentName(name) === null;
  });
  if (strange.length > 0)
    notes.leftOut(source, `${namesText(strange)} were left out: they are no part of a run`, 'INVALID_VALUE');
}

/** The run with whose rows the curves of the new one begin: that from which the first piece was forked. */
function parentOf(kind: MergeKind, sources: readonly RowSource[], notes: MergeNotes): RunParent | null {
  const merged = new Set(sources.map(({ info }) => info.identity.uuid));
  const outside = sources.flatMap((source) => {
    const { parent } = source.info.identity;
    return parent === undefined || merged.has(parent.uuid) ? [] : [{ source, parent }];
  });
  const first = outside.find(({ source }) => kind === 'pieces' && source === sources[0]);
  for (const each of outside)
    if (each !== first)
      notes.add(
        `${each.source.label} was forked from ${parentText(each.parent)}, whose rows are no part of the new run`,
      );
  return first?.parent ?? null;
}

/** Yields the rows of the new run, and fills the tallies. */
export function* rowsOf(
  { kind, sources, tallies, notes }: Plan,
  merging: Merging,
): Generator<MetricRow, void> {
  const rows =
    kind === 'ranks'
      ? rankRows(sources, tallies)
      : pieceRows(sources, tallies, merging.overlap === 'keep', (piece, metric, step) => {
          if (merging.strict)
            notes.add(`${piece.label} and a later piece both have ${namesText([metric])} at step ${step}`);
        });
  const total = sources.reduce((sum, { survey }) => sum + survey.rows, 0);
  let count = 0;
  for (const row of rows) {
    yield row;
    if (++count % ROWS_A_CALL === 0) merging.onRows?.(count, total);
  }
  merging.onRows?.(count, total);
}

/** Notes how many values were replaced, once all rows have been read. */
export function noteReplaced({ sources, tallies, notes }: Plan): void {
  for (const [index, { replaced }] of tallies.entries())
    if (replaced > 0)
      notes.add(
        `${sources[index]?.label ?? ''}: ${quantity(replaced, 'values')} at steps that a later piece has, too, were left out`,
      );
}
