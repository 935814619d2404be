import { nodeFs } from '../../storage/node-fs.js';
import { quoted } from '../../model/printable.js';
import { freeName } from '../../pure/free-name.js';
import { NO_HINTS, type TableHints } from '../exchange/exchange-run.js';
import type { Findings } from '../exchange/findings.js';
import { isMissing } from '../exchange/missing-words.js';
import { placesIn, runColumnsIn } from '../source/places.js';
import { numberOf } from './cells.js';
import { ColumnSurvey, type DecimalMark } from './column-survey.js';
import type { RecordOptions } from './csv-records.js';
import type { CsvColumn, GuessedLayout } from './csv-table.js';
import { columnsOf, piecesOf } from './header-pieces.js';

/**
 * Guesses the columns of step, timestamp and metrics in a file without a description; types are
 * chosen to fit the cells, and what is not clear is told.
 *
 * @throws ExpmanError `INVALID_OPTION` for a column that there is not; `CORRUPT`
 */
export async function guessedLayout(
  path: string,
  records: RecordOptions,
  options: TableHints = NO_HINTS,
): Promise<GuessedLayout> {
  const names = await columnsOf(path, records);
  const surveys = names.map(() => new ColumnSurvey());
  const index = new RowCount();
  for await (const { cells, line } of piecesOf(path, records)) {
    cells.forEach((cell, at) => cell !== null && surveys[at]?.add(cell, line));
    index.add(cells[0] ?? null);
  }
  const { findings, dialect } = records;
  const mark = markOf(surveys, dialect.delimiter);
  tellMark(mark, surveys, findings);
  const { step, time } = placesBy(names, surveys, options, findings);
  const runs = runColumnsIn(names, options);
  const left = new Set([step, time.at, ...(runs?.ignored ?? [])]);
  // pandas writes the index of its rows into a first column without a name.
  if (names[0] === '' && names.length > 1 && index.isIndex) {
    left.add(0);
    findings.add('guessed', 'the first column has no name and counts the rows: it is no metric');
  }
  if (time.isKept) left.delete(time.at);
  const taken = new Set<string>();
  const metrics = names.flatMap((name, at): CsvColumn[] => {
    const survey = surveys[at];
    const isRun = at === runs?.id || at === runs?.name;
    const type = isRun ? 'UTF8' : (survey?.typeBy(name, mark) ?? null);
    if (left.has(at) || survey === undefined || type === null) return [];
    const hasNumbers = type === 'UTF8' && !isRun && survey.isMostlyNumbers(name, mark);
    if (hasNumbers)
      findings.add(
        'damaged',
        `numbers of the column ${quoted(name, 40)}: ${survey.oddCell(mark)} is a text`,
        `odd ${name}`,
      );
    if (!isRun && type === 'UTF8' && survey.isOfCodes(name))
      findings.add(
        'guessed',
        `the column ${quoted(name, 40)} is of texts, such as versions: as numbers they would be changed`,
      );
    const metric = freeName(name, (each) => taken.has(each));
    taken.add(metric);
    return [{ at, metric, type, hasNumbers }];
  });
  const startMs = time.isRelative ? startOf(path, surveys[time.at]) : null;
  return { names, mark, step, timestamp: time.at, startMs, metrics };
}

/** A last time, in seconds since the start, at the time of the file. */
const startOf = (path: string, survey: ColumnSurvey | undefined): number =>
  (nodeFs.stat(path)?.modifiedMs ?? Date.now()) - (survey?.latest ?? 0) * 1000;

/** Fractions with a comma are such if no other number has a point. */
function markOf(surveys: readonly ColumnSurvey[], delimiter: string): DecimalMark {
  const sum = (mark: 'comma' | 'point' | 'unclear'): number =>
    surveys.reduce((total, { marks }) => total + marks[mark], 0);
  const [comma, point, unclear] = [sum('comma'), sum('point'), sum('unclear')];
  return point === 0 && (comma > 0 || (delimiter !== ',' && unclear > 0)) ? ',' : '.';
}

function tellMark(mark: DecimalMark, surveys: readonly ColumnSurvey[], findings: Findings): void {
  if (mark === ',') findings.add('guessed', 'numbers have a decimal comma');
  else if (surveys.some(({ hasThousands }) => hasThousands))
    findings.add('guessed', 'commas in numbers are between thousands');
}

interface TimePlace {
  readonly at: number;
  /** True if it is a metric as well, or only. */
  readonly isKept: boolean;
  /** True if times are seconds since the start. */
  readonly isRelative: boolean;
}

/** Finds step and time by their names, if the cells are such; what the user names is taken. */
function placesBy(
  names: readonly string[],
  surveys: readonly ColumnSurvey[],
  options: TableHints,
  findings: Findings,
): { readonly step: number; readonly time: TimePlace } {
  const places = placesIn(names, options);
  const [stepName, timeName] = [
    quoted(names[places.step] ?? '', 40),
    quoted(names[places.timestamp] ?? '', 40),
  ];
  const steps = surveys[places.step];
  const isStep = steps !== undefined && (steps.count === 0 || steps.shares.steps > 0.5);
  if (steps !== undefined && !isStep)
    findings.add('guessed', `the column ${stepName} is a metric: its cells are no whole numbers`);
  const times = surveys[places.timestamp];
  const step = isStep ? places.step : -1;
  const none = { at: -1, isKept: true, isRelative: false };
  if (times === undefined || times.count === 0)
    return { step, time: { ...none, at: places.timestamp, isKept: false } };
  if (times.shares.times > 0.5)
    return { step, time: { at: places.timestamp, isKept: false, isRelative: false } };
  if (times.isElapsed) {
    findings.add(
      'guessed',
      `the column ${timeName} is of seconds since the start; the last is at the time of the file`,
    );
    return { step, time: { at: places.timestamp, isKept: true, isRelative: true } };
  }
  findings.add('guessed', `the column ${timeName} is a metric: its cells are no times`);
  return { step, time: none };
}

/** Tells if the first cells of the rows count them. */
class RowCount {
  isIndex = true;
  private rows = 0;

  add(cell: string | null): void {
    if (cell === null || isMissing(cell) || numberOf(cell.trim()) !== this.rows) this.isIndex = false;
    this.rows++;
  }
}
