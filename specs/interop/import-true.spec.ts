import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ImportOptions, type ImportReport, importRuns } from 'expman-rx/interop';
import { openRun } from 'expman-rx/reader';
import { expmanHere } from '../support/cli-here.js';
import { yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('import-true');

/** What a run has come to: its rows as step and values. */
type Rows = readonly (readonly [step: unknown, values: Readonly<Record<string, unknown>>])[];

function fileOf(text: string | Uint8Array, name = 'lab/table.csv'): string {
  const path = join(folder(), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function rowsIn(runDir: string): Promise<Rows> {
  const rows: [unknown, Record<string, unknown>][] = [];
  for await (const { step, values } of openRun(runDir).rows()) rows.push([step, { ...values }]);
  return rows;
}

interface Read {
  readonly report: ImportReport;
  readonly rows: Readonly<Record<string, Rows>>;
  readonly told: readonly string[];
}

/** Imports a file, and gives the rows of each run by its name. */
async function read(path: string, options: Omit<ImportOptions, 'dir'> = {}): Promise<Read> {
  const report = await importRuns(path, { dir: folder(), ...options });
  const rows: Record<string, Rows> = {};
  for (const { run, runDir } of report.imported) rows[run] = await rowsIn(runDir);
  const told = report.imported.flatMap(({ leftOut, guessed }) => [...leftOut, ...guessed]);
  return { report, rows, told };
}

const table = async (text: string | Uint8Array, options?: Omit<ImportOptions, 'dir'>): Promise<Rows> =>
  (await read(fileOf(text), options)).rows['table'] ?? [];

describe('a table that is not clean', () => {
  it.each([['N/A'], ['None'], ['null'], ['-'], ['#DIV/0!'], ['NA'], [' '], ['""'], ['#N/A']])(
    'has no value where a cell is %s, and numbers elsewhere',
    async (word) => {
      expect(await table(`step, loss\n0, 0.5\n1,${word}\n2,0.3\n`)).toEqual([
        [0, { loss: 0.5 }],
        [1, {}],
        [2, { loss: 0.3 }],
      ]);
    },
  );

  it('says which cell keeps a column from being numbers, which the others stay', async () => {
    const { rows, told } = await read(fileOf('step,loss\n0,0.5\n1,50%\n2,0.3\n'));
    expect(rows['table']).toEqual([
      [0, { loss: 0.5 }],
      [1, { loss: '50%' }],
      [2, { loss: 0.3 }],
    ]);
    expect(told).toContain('numbers of the column "loss": "50%" in line 3 is a text');
  });

  it('has numbers with commas between thousands, and says so', async () => {
    const { rows, told } = await read(fileOf('step,loss\n0,"1,234.5"\n1,"2,345,678"\n'));
    expect(rows['table']).toEqual([
      [0, { loss: 1234.5 }],
      [1, { loss: 2_345_678 }],
    ]);
    expect(told).toContain('commas in numbers are between thousands');
  });

  it('keeps texts that numbers would change: codes, versions, long digits', async () => {
    const text = 'step,seed,v,id,acc\n0,007,1.9,12345678901234567890123,0.50\n1,12,1.10,5,0.25\n';
    expect(await table(text)).toEqual([
      [0, { seed: '007', v: '1.9', id: '12345678901234567890123', acc: 0.5 }],
      [1, { seed: '12', v: '1.10', id: '5', acc: 0.25 }],
    ]);
  });

  it.each([
    ['semicolons', 'epoch;loss\n0;0.5\n1;0.4\n'],
    ['semicolons and decimal commas', 'epoch;loss\n0;0,5\n1;0,4\n'],
    ['tabs', 'epoch\tloss\n0\t0.5\n1\t0.4\n'],
    ['carriage returns', 'epoch,loss\r0,0.5\r1,0.4\r'],
    ['both line ends', 'epoch,loss\r\n0,0.5\r\n1,0.4\r\n'],
    ['a line that says the delimiter', 'sep=;\nepoch;loss\n0;0.5\n1;0.4\n'],
    ['a byte order mark', '\ufeffepoch,loss\n0,0.5\n1,0.4\n'],
    ['UTF-16', Buffer.from('\ufeffepoch\tloss\r\n0\t0.5\r\n1\t0.4\r\n', 'utf16le')],
    ['every cell quoted', '"epoch","loss"\n"0","0.5"\n"1","0.4"\n'],
  ])('is read with %s', async (_what, text) => {
    expect((await table(text)).map(([, values]) => values)).toEqual([
      { epoch: 0, loss: 0.5 },
      { epoch: 1, loss: 0.4 },
    ]);
  });

  it('is read with the delimiter that is said', async () => {
    expect(await table('step:a;b\n0:1\n', { delimiter: ':' })).toEqual([[0, { 'a;b': 1 }]]);
    expect(await table('step\ta,b\n0\t1\n', { delimiter: 'tab' })).toEqual([[0, { 'a,b': 1 }]]);
  });

  it.each([
    ['nothing', ''],
    ['a header alone', 'step,loss\n'],
    ['half a header', 'step,lo'],
  ])('is no run when there is %s in it', async (_what, text) => {
    const { report } = await read(fileOf(text));
    expect(report.imported).toEqual([]);
    expect(report.failed).toMatchObject([{ error: { code: 'CORRUPT' } }]);
  });

  it('leaves out and tells a line with too many cells; the header may come again, with more names', async () => {
    const { rows, told } = await read(
      fileOf('epoch,step,loss\n0,9,1.5\n1,19,1.0,0.9\nepoch,step,loss,acc\n0,9,0.5,0.1\n2,29\n'),
    );
    expect(rows['table']).toEqual([
      [9, { epoch: 0, loss: 1.5 }],
      [9, { epoch: 0, loss: 0.5, acc: 0.1 }],
      [29, { epoch: 2 }],
    ]);
    expect(told).toEqual([
      'line 3 has 4 cells and the header 3',
      'line 4 is another header',
      'line 6 has 2 cells and the header 4; the others are missing',
      expect.stringContaining('no times') as unknown,
    ]);
  });

  it('is refused with strict if a line is not whole', async () => {
    const path = fileOf('step,loss\n0,0.5\n1,0.');
    const { report } = await read(path, { strict: true });
    expect(report.failed[0]?.error.message).toMatch(/not whole: line 3: the last line has no end/);
    expect((await read(path)).rows['table']).toEqual([[0, { loss: 0.5 }]]);
  });

  it('has a last line wherever it is cut, or says that it was left out', async () => {
    const text = 'step,loss,acc\n0,0.125,0.5\n10,1.4375,0.25\n';
    for (let cut = 'step,loss,acc\n0,0.125,0.5\n'.length; cut <= text.length; cut++) {
      const { rows, told } = await read(fileOf(text.slice(0, cut)));
      const isWhole = cut === text.length;
      expect(rows['table']).toHaveLength(isWhole ? 2 : 1);
      const isTorn = cut > 'step,loss,acc\n0,0.125,0.5\n'.length && !isWhole;
      expect(told.some((part) => part.includes('has no end'))).toBe(isTorn);
    }
  });

  it('has one row for the calls of one step', async () => {
    expect(await table('epoch,step,train,val\n0,9,1.5,\n0,9,,1.4\n0,9,,1.3\n')).toEqual([
      [9, { epoch: 0, train: 1.5, val: 1.4 }],
      [9, { epoch: 0, val: 1.3 }],
    ]);
  });

  it('has no metric of the index that pandas writes', async () => {
    expect(await table(',step,loss\n0,5,0.5\n1,6,0.25\n')).toEqual([
      [5, { loss: 0.5 }],
      [6, { loss: 0.25 }],
    ]);
    expect(await table(',step\n3,5\n9,6\n')).toEqual([
      [5, { '': 3 }],
      [6, { '': 9 }],
    ]);
  });

  it('refuses the name of a column that there is not, and says which there are', async () => {
    const { report } = await read(fileOf('epoch,loss\n0,1\n'), { stepColumn: 'stop' });
    expect(report.failed[0]?.error).toMatchObject({ code: 'INVALID_OPTION', option: 'stepColumn' });
    expect(report.failed[0]?.error.message).toContain('"epoch", "loss"');
    expect(await table('epoch,loss\n7,1\n', { stepColumn: 'epoch' })).toEqual([[7, { loss: 1 }]]);
  });
});

describe('times of a table', () => {
  it('below 1e8 are seconds since the start: a metric, and times that end with the file', async () => {
    const path = fileOf('time,step,loss\n0.0,0,0.5\n1.5,1,0.4\n3600,2,0.3\n');
    const { report, rows } = await read(path);
    expect(rows['table']?.map(([, { time }]) => time)).toEqual([0, 1.5, 3600]);
    const { startedAt, endedAt } = yamlOf(report.imported[0]?.runDir ?? '') as Record<string, string>;
    expect(Date.parse(endedAt ?? '')).toBe(Math.floor(statSync(path).mtimeMs));
    expect(Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')).toBe(3_600_000);
  });

  it('that are no times are a metric', async () => {
    expect(await table('epoch,loss,time\n0,1.5,00:12\n1,1.0,00:11\n')).toEqual([
      [null, { epoch: 0, loss: 1.5, time: '00:12' }],
      [null, { epoch: 1, loss: 1, time: '00:11' }],
    ]);
  });

  it('that are not there are that of the file, and run.yaml says so', async () => {
    const path = fileOf('step,loss\n0,1\n');
    const { report, told } = await read(path);
    const file = yamlOf(report.imported[0]?.runDir ?? '');
    expect(file).toMatchObject({
      startedAt: new Date(Math.floor(statSync(path).mtimeMs)).toISOString(),
      imported: { times: 'none' },
    });
    expect(told).toEqual(['the rows have no times, and have got that of the file']);
  });
});

describe('a table of several runs', () => {
  it('is one for each value of a column of runs', async () => {
    const wanted = {
      a: [
        [0, { loss: 1 }],
        [1, { loss: 0.5 }],
      ],
      b: [[0, { loss: 2 }]],
    };
    for (const name of ['run', 'run_name', 'run_id', 'Run'])
      expect((await read(fileOf(`${name},step,loss\na,0,1\nb,0,2\na,1,0.5\n`))).rows).toEqual(wanted);
    const named = fileOf('seed,step,loss\na,0,1\nb,0,2\na,1,0.5\n');
    expect((await read(named, { runColumn: 'seed' })).rows).toEqual(wanted);
  });

  it('is one for each run of a chart, with extremes where they differ', async () => {
    const { rows } = await read(
      fileOf(
        '"Step","a-1 - loss","a-1 - loss__MIN","a-1 - loss__MAX","b - c - loss","b - c - loss__MIN","b - c - loss__MAX"\n' +
          '0,"","","","0.5","0.5","0.5"\n1,"0.5","0.25","0.5","","",""\n',
      ),
    );
    expect(rows).toEqual({
      'a-1': [[1, { loss: 0.5, loss__MIN: 0.25 }]],
      'b_-_c': [[0, { loss: 0.5 }]],
    });
  });

  it('is a run for each row of a table of runs', async () => {
    const { report } = await read(
      fileOf(
        '"Name","State","Notes","Tags","Created","Runtime","Sweep","lr","v","loss"\n' +
          '"warm-1","finished","-","a, b","2026-01-01T00:00:00.000Z","100","","0.001","1.10","0.5"\n' +
          '"cool-2","crashed","slow","","2026-01-02T00:00:00.000Z","1","s","0.002","1.20","0.25"\n',
      ),
    );
    expect(report.imported.map(({ run }) => run)).toEqual(['warm-1', 'cool-2']);
    const [first = '', second = ''] = report.imported.map(({ runDir }) => runDir);
    expect(yamlOf(first, 'config.yaml')).toEqual({ lr: 0.001, v: '1.10', loss: 0.5 });
    expect(yamlOf(first)).toMatchObject({
      status: 'FINISHED',
      tags: ['a', 'b'],
      notes: '',
      startedAt: '2026-01-01T00:00:00.000Z',
      durationMs: 100_000,
    });
    expect(yamlOf(second)).toMatchObject({ status: 'CRASHED', notes: 'slow', group: 's' });
  });

  it('is a run for each row where all are different and there is no step', async () => {
    const { report } = await read(fileOf('run,version\na,1.10\nb,1.20\n'));
    expect(report.imported.map(({ runDir }) => yamlOf(runDir, 'config.yaml'))).toEqual([
      { version: '1.10' },
      { version: '1.20' },
    ]);
  });

  it('is a run for each trial of Optuna', async () => {
    const { report } = await read(
      fileOf(
        ',number,value,datetime_start,datetime_complete,duration,params_depth,params_opt,state\n' +
          '0,0,0.5,2026-01-01 00:00:00.5,2026-01-01 00:00:01,0 days,4,adam,COMPLETE\n' +
          '1,1,,2026-01-01 00:00:02,2026-01-01 00:00:03,0 days,5,sgd,FAIL\n',
      ),
    );
    expect(report.imported.map(({ run, status }) => [run, status])).toEqual([
      ['trial-0', 'FINISHED'],
      ['trial-1', 'FAILED'],
    ]);
    expect(yamlOf(report.imported[0]?.runDir ?? '')).toMatchObject({ summary: { value: 0.5 } });
    expect(yamlOf(report.imported[0]?.runDir ?? '', 'config.yaml')).toEqual({ depth: 4, opt: 'adam' });
  });
});

describe('a second import', () => {
  it('skips a run that is unchanged, unless it is asked to import it again', async () => {
    const path = fileOf('step,loss\n0,1\n');
    const dir = folder();
    const first = await importRuns(path, { dir });
    const second = await importRuns(path, { dir });
    expect(second).toMatchObject({ imported: [], failed: [], skipped: [{ run: 'table' }] });
    expect(second.skipped[0]?.runDir).toBe(first.imported[0]?.runDir);
    expect((await importRuns(path, { dir, again: true })).imported[0]?.run).toBe('table_2');
    writeFileSync(path, 'step,loss\n0,1\n1,2\n');
    expect((await importRuns(path, { dir })).imported[0]).toMatchObject({ run: 'table_3', rows: 2 });
  });
});

describe('the command', () => {
  it('says what came, what was left out and what was guessed, and refuses options that do not fit', async () => {
    const path = fileOf('step,loss\n0,1\n1,0.');
    const dir = folder();
    const { stdout, stderr, exit } = await expmanHere('import', path, '--dir', dir);
    expect(exit).toBe(0);
    expect(stdout).toBe(`${join(dir, 'lab', 'table')}  FINISHED  1 row\n`);
    expect(stderr).toContain('left out line 3: the last line has no end');
    expect(stderr).toContain('guessed: the rows have no times');
    expect((await expmanHere('import', path, '--dir', dir)).stderr).toContain('skipped');
    expect((await expmanHere('import', path, '--dir', dir, '--again', '--strict')).exit).toBe(2);
    const odd = await expmanHere('import', path, '--dir', dir, '--delimiter', 'xx');
    expect(odd.stderr).toContain('delimiter');
    const events = fileOf(Buffer.alloc(0), 'tb/events.out.tfevents.1.x');
    const other = await expmanHere('import', events, '--dir', dir, '--step-column', 'x');
    expect(other.stderr).toContain('the format tensorboard has none to choose');
  });
});
