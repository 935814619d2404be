import { readContents } from '../../src/reader/read-contents.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { must } from './check-run.js';
import { SESSION_MARKS, checkSummary } from './check-summary.js';
import type { MemoryFs } from './memory-fs.js';
import { rowOf } from './rows.mjs';

/** What a run in a file system of the harness must hold. */
export interface Expectation {
  readonly shape: 'plain' | 'mixed' | 'wide';
  /** Rows that were acknowledged: at least these must be there. */
  readonly acknowledged: number;
  /** Rows that were logged: at most these may be there. */
  readonly logged: number;
}

/** Checks that a run is an unbroken beginning of what was logged, with every acknowledged row and the right values, and the summary of its last row. */
export function checkContents(
  fs: MemoryFs,
  folder: string,
  { shape, acknowledged, logged }: Expectation,
  what: string,
): number {
  const { info, table } = readContents(fs, folder);
  must(
    table.numRows >= acknowledged,
    'I1',
    () => `${what}: ${table.numRows} rows, ${acknowledged} were acknowledged`,
  );
  must(table.numRows <= logged, 'I2', () => `${what}: ${table.numRows} rows, ${logged} were logged`);
  must(info.rows === table.numRows, 'I2', () => `${what}: ${info.rows} rows counted, ${table.numRows} read`);
  checkSummary(info, table.numRows, SESSION_MARKS, what);
  const steps = table.getChild('step');
  const columns = new Map(table.schema.fields.map(({ name }) => [name, table.getChild(name)] as const));
  for (let step = 0; step < table.numRows; step++) {
    must(
      steps?.get(step) === BigInt(step),
      'I2',
      () => `${what}: row ${step} has step ${String(steps?.get(step))}`,
    );
    for (const [name, value] of Object.entries(rowOf(shape, 0, step))) {
      const found: unknown = columns.get(name)?.get(step);
      must(
        Object.is(found, value) || found === String(value),
        'I3',
        () => `${what}: ${name} of step ${step} is ${String(found)}, not ${String(value)}`,
      );
    }
  }
  return table.numRows;
}

/** Recovers a run, checks it, and recovers it once more, which must change nothing. */
export async function recoverAndCheck(
  fs: MemoryFs,
  folder: string,
  expected: Expectation,
  what: string,
): Promise<number> {
  await recoverRun(fs, folder);
  const rows = checkContents(fs, folder, expected, `${what}, recovered`);
  const left = fs.namesIn(folder).filter((name) => /^wal-.*\.log$|\.tmp$|^run\.lock$/.test(name));
  must(left.length === 0, 'I8', () => `${what}: left behind: ${left.join(', ')}`);
  must(fs.openFiles === 0, 'I8', () => `${what}: ${fs.openFiles} descriptors are open`);
  const before = fs.changes.length;
  await recoverRun(fs, folder);
  must(
    fs.changes.length === before,
    'I6',
    () => `${what}: a second recovery changed ${JSON.stringify(fs.changes.slice(before))}`,
  );
  return rows;
}
