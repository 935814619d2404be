import { callback, listOf, resolvePath } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { openContents } from '../../reader/inspect-run.js';
import { factsOf } from '../../reader/read-facts.js';
import { StoredRun } from '../../reader/stored-run.js';
import { nodeFs } from '../../storage/node-fs.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeField, ExchangeRun, ExchangeSession, Exporter } from '../exchange/exchange-run.js';
import { summaryOf } from '../exchange/summary-json.js';

/** Options for reading a run with {@link exchangeRunOf} and {@link exportRun}. */
export interface ExportOptions {
  /**
   * Called with the rows read so far and the total logged, every 1,000 rows and at the end; rows of
   * one step are read as one, so there may be fewer. A format that reads a run twice counts twice.
   */
  readonly onRows?: ((rows: number, total: number) => void) | undefined;
}

/** How {@link exportRun} exports with exporters that are given to it. */
export interface OwnExportOptions extends ExportOptions {
  /** All exporters to choose from, such as `[...EXPORTERS, mine]`; the default is `EXPORTERS`. */
  readonly exporters: readonly Exporter[];
}

const RULES = { onRows: callback<(rows: number, total: number) => void>() };
const EXPORT_OPTIONS = optionsTable<ExportOptions>()(RULES);
/** The rules of {@link OwnExportOptions}, and of {@link ExportOptions}. */
export const EXPORT_RUN_OPTIONS = optionsTable<Partial<OwnExportOptions>>()({
  ...RULES,
  exporters: listOf<Exporter>('an array of exporters: objects with a format and write()', 'format', 'write'),
});

const ROWS_A_CALL = 1000;

/**
 * Reads a run for exporters, as it is now: open, closed, or cut off.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML`, `IO` or `INVALID_OPTION`
 */
export async function exchangeRunOf(runDir: string, options: ExportOptions = {}): Promise<ExchangeRun> {
  const { onRows } = EXPORT_OPTIONS.resolve(options);
  const { stored, sessions } = openWithSessions(resolvePath('runDir', runDir));
  const { experiment, run, status, startedAt, endedAt = null, tags, notes, group, params } = stored.facts;
  const fields = (await stored.fields()).map((field): ExchangeField => {
    const { count = 0, texts = 0 } = stored.facts.metrics.get(field.name) ?? {};
    return { ...field, ...(field.type === 'UTF8' && texts < count && { mixed: true }) };
  });
  const lines = await stored.logs();
  return {
    ...{ experiment, run, status, startedAt, endedAt, tags, notes, group, params, fields },
    ...(sessions.length > 1 && { sessions }),
    ...summaryOf(stored.facts),
    rows: () =>
      onRows === undefined
        ? stored.rows()
        : counted(stored.rows(), (rows) => {
            onRows(rows, stored.facts.rows);
          }),
    // A line that no run writes belongs to the one before it, or somebody added it.
    log: () => asyncOf(lines.map((line) => (line.level === '' ? { ...line, level: 'info' } : line))),
  };
}

/** Opens a run and its sessions, both as of one moment. */
function openWithSessions(runDir: string): {
  readonly stored: StoredRun;
  readonly sessions: readonly ExchangeSession[];
} {
  const { info, rows } = openContents(nodeFs, runDir);
  rows.close();
  return {
    stored: new StoredRun(nodeFs, runDir, factsOf(info)),
    sessions: rows.sessions.map(({ epoch, firstRow }) => ({ session: epoch, firstRow })),
  };
}

async function* counted<Row>(rows: AsyncIterable<Row>, report: (rows: number) => void): AsyncGenerator<Row> {
  let count = 0;
  for await (const row of rows) {
    yield row;
    if (++count % ROWS_A_CALL === 0) report(count);
  }
  if (count % ROWS_A_CALL !== 0) report(count);
}
