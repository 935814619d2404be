import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expmanHere as expman } from '../support/cli-here.js';
import type { ReadRow } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { printedRows } from './csv-rig.js';
import { json, runOf, threeRuns } from './three-runs.js';

const folder = tempFolders('list-csv');
const printed = (...args: readonly string[]): Promise<ReadRow[]> => printedRows(folder(), ...args);

describe('expman list --csv', () => {
  it('has a row for each run: its facts, its parameters, the statistics of its metrics', async () => {
    const base = folder();
    const runDir = await runOf(
      base,
      'a',
      (run) => {
        run.logParams({ lr: 0.1234567890123, net: { layers: [2, 3], name: 'mlp' }, huge: 2n ** 70n });
        run.logParams({ none: null, empty: '', zero: -0, nan: NaN });
        for (const step of [1, 2]) run.logMetrics({ loss: 1 / 3 / step, phase: 'warm' }, step);
      },
      { tags: ['low', 'a,b'], notes: 'two\nlines' },
    );
    const [facts] = json(await expman('list', base, '--json')) as Readonly<Record<string, string | number>>[];
    const { uuid, startedAt, endedAt, durationMs } = facts ?? {};
    const absent = { 'params.none': null, 'metrics.phase.min': null, 'metrics.phase.max': null };
    expect(await printed('list', base)).toEqual([
      {
        ...{ experiment: 'exp', run: 'a', run_dir: runDir, uuid, status: 'FINISHED' },
        ...{ started_at: startedAt, ended_at: endedAt, duration_ms: String(durationMs) },
        ...{ rows: '2', accepted: '2', rewound: '0', last_step: '2', dropped: '0', invalid: '0', lost: '0' },
        ...{ tags: '["low","a,b"]', notes: 'two\nlines', group: null, rank: null, exit_code: null },
        error: null,
        alerts: '0',
        project: null,
        parent: null,
        ...{ 'params.lr': '0.1234567890123', 'params.net.layers': '[2,3]', 'params.net.name': 'mlp' },
        ...{ 'params.huge': '1180591620717411303424', 'params.empty': '', 'params.zero': '-0' },
        'params.nan': 'NaN',
        ...{ 'metrics.loss.last': String(1 / 6), 'metrics.loss.min': String(1 / 6) },
        ...{ 'metrics.loss.max': String(1 / 3), 'metrics.loss.mean': '0.25', 'metrics.loss.count': '2' },
        ...{ 'metrics.loss.stepOfMin': '2', 'metrics.loss.stepOfMax': '1' },
        ...{ 'metrics.phase.last': 'warm', 'metrics.phase.count': '2', 'metrics.phase.mean': null },
        ...{ 'metrics.phase.stepOfMin': null, 'metrics.phase.stepOfMax': null },
        ...absent,
      },
    ]);
  });

  it('leaves a cell empty where a run lacks what another has', async () => {
    const base = folder();
    await runOf(base, 'a', (run) => {
      run.logParams({ lr: 1 });
    });
    await runOf(base, 'b', (run) => run.logMetrics({ loss: 2 }));
    const rows = await printed('list', base);
    expect(rows.map((row) => [row['run'], row['params.lr'], row['metrics.loss.last']])).toEqual([
      ['a', '1', null],
      ['b', null, '2'],
    ]);
  });

  it('has the facts that the view runs of a query has', async () => {
    const { base } = await threeRuns(folder());
    const listed = await printed('list', base);
    const queried = await printed('query', base, 'SELECT * FROM runs ORDER BY run');
    const asTimes = (rows: readonly ReadRow[]): object[] =>
      rows.map((row) => ({
        ...row,
        started_at: Date.parse(String(row['started_at'])),
        ended_at: Date.parse(String(row['ended_at'])),
      }));
    const names = Object.keys(queried[0] ?? {});
    expect(names).toHaveLength(24);
    expect(asTimes(listed.map((row) => Object.fromEntries(names.map((name) => [name, row[name]]))))).toEqual(
      asTimes(queried),
    );
  });

  it('has the fields of --columns in place of all, and obeys --where, --sort and --limit', async () => {
    const { base } = await threeRuns(folder());
    const columns = ['--columns', 'metrics.loss.min,params.model,tags,run'];
    expect(
      await expman('list', base, '--csv', ...columns, '--where', 'params.lr < 5', '--sort', '-params.lr'),
    ).toMatchObject({
      exit: 0,
      stdout:
        'experiment,run,metrics.loss.min,params.model,tags,run_2\n' +
        'exp,three,0.05,"{""name"":""mlp"",""layers"":2}",,three\n' +
        'exp,two,0.005,"{""name"":""mlp"",""layers"":2}","[""low""]",two\n' +
        'exp,one,0.0005,"{""name"":""mlp"",""layers"":1}","[""low""]",one\n',
      stderr: '',
    });
    expect((await expman('list', base, '--csv', '--columns', 'status', '--limit', '1')).stdout).toBe(
      'experiment,run,status\nexp,one,FINISHED\n',
    );
  });

  it('reports a run that cannot be read on stderr alone', async () => {
    const { base } = await threeRuns(folder());
    mkdirSync(join(base, 'exp/broken'));
    writeFileSync(join(base, 'exp/broken/run.yaml'), 'uuid: x\n');
    const { exit, stdout, stderr } = await expman('list', base, '--csv', '--columns', 'rows');
    expect({ exit, stdout }).toEqual({
      exit: 0,
      stdout: 'experiment,run,rows\nexp,one,20\nexp,three,20\nexp,two,20\n',
    });
    expect(stderr).toMatch(/^expman: .*exp\/broken cannot be read: CORRUPT: .*\n$/);
  });

  it('has a header and nothing else in a folder without runs', async () => {
    expect(await expman('list', folder(), '--csv')).toMatchObject({
      exit: 0,
      stdout:
        'experiment,run,run_dir,uuid,status,started_at,ended_at,duration_ms,rows,accepted,rewound,last_step,' +
        'dropped,invalid,lost,tags,notes,group,rank,parent,exit_code,error,alerts,project\n',
      stderr: '',
    });
  });

  it("puts a ' in front of what a spreadsheet would run, and of a text that looks like a number among numbers", async () => {
    const base = folder();
    await runOf(base, 'a', (run) => {
      run.logParams({ x: '1', y: '1', '=z': '-5', n: -5 });
    });
    await runOf(base, 'b', (run) => {
      run.logParams({ x: 2, y: '=A1', '=z': '@', n: -1e-7 });
    });
    const columns = ['params.x', 'params.y', 'params."=z"', 'params.n'];
    expect((await expman('list', base, '--csv', '--columns', columns.join(','))).stdout).toBe(
      'experiment,run,params.x,params.y,"params.""=z""",params.n\n' +
        "exp,a,'1,1,'-5,-5\nexp,b,2,'=A1,'@,-1e-7\n",
    );
  });
});
