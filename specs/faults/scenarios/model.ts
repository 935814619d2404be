import fc from 'fast-check';
import { ExpmanError } from '../../../src/model/errors.js';
import { readContents } from '../../../src/reader/read-contents.js';
import { recoverRun } from '../../../src/writer/recovery/recover-run.js';
import { must } from '../check-run.js';
import { checkTable, type TakenRow } from '../column-model.js';
import { MemoryFs } from '../memory-fs.js';
import { Played } from '../played.js';
import type { Scenario } from '../scenario.js';
import { withBase } from '../session.js';
import { checkMany } from '../properties.js';

const FOLDER = '/base/faults/run';

type Operation =
  | { readonly kind: 'log'; readonly rows: readonly TakenRow[] }
  | { readonly kind: 'rest'; readonly turns: number }
  | { readonly kind: 'flush' | 'close' | 'die' | 'open' | 'recover' | 'read' };

const value = fc.oneof(
  fc.double(),
  fc.boolean(),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.string({ maxLength: 3 }),
);
const row: fc.Arbitrary<TakenRow> = fc.record({
  step: fc.option(fc.integer({ min: 0, max: 20 })),
  values: fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), value), {
      maxLength: 3,
      selector: ([name]) => name,
    })
    .map((entries) => new Map(entries)),
});
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('log' as const), rows: fc.array(row, { maxLength: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rest' as const), turns: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('flush' as const, 'close', 'die', 'open', 'open', 'recover', 'read'),
    }),
  },
);

/** Any sequence of calls, against an array. */
export const model: Scenario = {
  name: 'random sequences of log, flush, close, death, reopening, recovery and reading against a plain array',
  rows: [27],
  run: (context) =>
    checkMany(
      context,
      context.amount(5_000, 500_000),
      fc.array(operation, { maxLength: 14 }),
      async (operations) => {
        const run = new ModelledRun();
        try {
          for (const each of operations) await run.play(each);
          await run.play({ kind: 'close' });
          await run.play({ kind: 'recover' });
          await run.play({ kind: 'read' });
        } finally {
          run.leave();
        }
      },
    ),
};

class ModelledRun {
  private fs = withBase(new MemoryFs());
  private owner: Played | null = null;
  private rows: TakenRow[] = [];
  /** Rows that are sure to be there. */
  private kept = 0;
  /** Rows of earlier owners. */
  private earlier = 0;
  private starts: number[] = [];
  private exists = false;
  private ended = false;

  async play(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'log':
        this.log(operation.rows);
        return;
      case 'rest':
        return this.owner?.rest(operation.turns);
      case 'close':
        return this.close();
      case 'recover':
        return this.recover();
      case 'flush':
      case 'die':
      case 'open':
      case 'read':
        this[operation.kind]();
        return;
      default:
        operation satisfies never;
    }
  }

  leave(): void {
    this.owner?.die();
  }

  private log(rows: readonly TakenRow[]): void {
    if (this.owner === null) return;
    for (const row of rows) {
      this.owner.intake.row(Object.fromEntries(row.values), row.step);
      this.rows.push(row);
    }
  }

  private flush(): void {
    if (this.owner === null) return;
    this.kept = this.earlier + this.owner.flush();
    must(this.kept === this.rows.length, 'I1', () => `${this.kept} of ${this.rows.length} rows flushed`);
  }

  private open(): void {
    if (this.owner !== null) {
      this.refuses('RUN_LOCKED', () => new Played(this.fs, {}));
      return;
    }
    this.starts.push(this.rows.length);
    this.owner = new Played(this.fs, { flushIntervalMs: 1, flushIntervalRows: 5 });
    this.exists = true;
    this.ended = false;
    this.earlier = this.rows.length;
  }

  private async close(): Promise<void> {
    if (this.owner === null) return;
    const { error, summary } = await this.owner.close();
    must(
      error === null && summary.accepted === this.rows.length,
      'I1',
      () => `closed as ${JSON.stringify({ error, ...summary })}`,
    );
    this.owner = null;
    this.ended = true;
    this.kept = this.rows.length;
    this.tidy();
    this.read();
  }

  private die(): void {
    if (this.owner === null) return;
    this.fs = this.owner.die();
    this.owner = null;
    const { info } = readContents(this.fs, FOLDER);
    must(info.status === 'CRASHED', 'I5', () => `a run whose owner died is ${info.status}`);
    this.read();
    this.rows.length = this.kept = info.accepted;
  }

  private async recover(): Promise<void> {
    if (!this.exists) return;
    if (this.owner !== null) {
      await recoverRun(this.fs, FOLDER).then(
        () => must(false, 'I9', () => 'a run that is open was recovered'),
        (error: unknown) => must(codeOf(error) === 'RUN_LOCKED', 'I7', () => String(error)),
      );
      return;
    }
    const before = readContents(this.fs, FOLDER).info.rows;
    const { status, changed, rows } = await recoverRun(this.fs, FOLDER);
    must(status === (this.ended ? status : 'CRASHED'), 'I5', () => `recovered as ${status}`);
    must(!this.ended || !changed, 'I6', () => 'a whole run was changed by a recovery');
    must(rows === before, 'I6', () => `${rows} rows recovered, not ${before}`);
    this.ended = true;
    this.tidy();
    this.read();
  }

  private read(): void {
    if (!this.exists) {
      this.refuses('RUN_NOT_FOUND', () => readContents(this.fs, FOLDER));
      return;
    }
    const { info, table } = readContents(this.fs, FOLDER);
    must(info.accepted >= this.kept, 'I1', () => `${info.accepted} calls read, ${this.kept} are kept`);
    must(
      info.accepted <= this.rows.length,
      'I2',
      () => `${info.accepted} calls read, ${this.rows.length} were logged`,
    );
    must(
      this.owner === null || info.status === 'RUNNING',
      'I5',
      () => `a run that is open is ${info.status}`,
    );
    checkTable(table, this.rows.slice(0, info.accepted), this.starts, 'read');
  }

  private tidy(): void {
    const left = this.fs.namesIn(FOLDER).filter((name) => /^wal-|\.tmp$|^run\.lock$/.test(name));
    must(left.length === 0, 'I8', () => `left behind: ${left.join(', ')}`);
    must(this.fs.openFiles === 0, 'I8', () => `${this.fs.openFiles} descriptors are open`);
  }

  private refuses(code: string, work: () => unknown): void {
    try {
      work();
    } catch (error) {
      must(codeOf(error) === code, 'I7', () => `${String(error)}, not ${code}`);
      return;
    }
    must(false, 'I9', () => `no ${code}`);
  }
}

const codeOf = (error: unknown): string => (error instanceof ExpmanError ? error.code : '');
