import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvExporter, sidecarOf } from '../../dist/modules/interop/csv/csv-exporter.js';
import { csvImporter } from '../../dist/modules/interop/csv/csv-importer.js';
import { tempFolders } from '../support/temp-folder.js';
import { givenRun, rowsOf, runAt } from './run-arbitrary.js';

const folder = tempFolders('csv');

function fileOf(text: string): string {
  const path = join(folder(), 'table.csv');
  writeFileSync(path, text);
  return path;
}

const run = givenRun({
  experiment: 'e',
  run: 'r',
  status: 'FINISHED',
  startedAt: null,
  endedAt: null,
  tags: [],
  notes: '',
  group: null,
  params: { lr: 1 },
  fields: [
    { name: 'loss', type: 'DOUBLE' },
    { name: '=1+1', type: 'UTF8' },
  ],
  givenRows: [
    { step: 0, timestamp: 0.001, values: { loss: -1, '=1+1': '@SUM(A1)' } },
    { step: null, values: { loss: NaN, '=1+1': '' } },
    { step: 2, values: { loss: -Infinity } },
  ],
  givenLog: [{ timestampMs: 0, level: 'info', message: '=x', meta: {} }],
});

describe('a run as CSV', () => {
  it('says what is missing, empty, no number, and no formula', async () => {
    const path = join(folder(), 'run.csv');
    await csvExporter.write(run, path);
    expect(readFileSync(path, 'utf8')).toBe(
      `step,timestamp,loss,'=1+1\n0,1970-01-01T00:00:00.000001Z,-1,'@SUM(A1)\n,,NaN,""\n2,,-Infinity,\n`,
    );
  });

  it('keeps a carriage return at the end of a record', async () => {
    const path = join(folder(), 'run.csv');
    const returning = givenRun({
      ...run,
      fields: [{ name: 'text\r', type: 'UTF8' }],
      givenRows: [{ step: 0, timestamp: 0.001, values: { 'text\r': 'x\r' } }],
    });
    await csvExporter.write(returning, path);
    expect(await rowsOf(await runAt(csvImporter, path))).toEqual(await rowsOf(returning));
  });

  it('is still read without the file beside it: types by all cells, names by the file', async () => {
    const path = join(folder(), 'run.csv');
    await csvExporter.write(run, path);
    rmSync(sidecarOf(path));
    const back = await runAt(csvImporter, path);
    expect(back).toMatchObject({ run: 'run', params: {}, fields: run.fields });
    expect(await rowsOf(back)).toEqual(await rowsOf(run));
  });

  it('fails where the file beside it is of another table', async () => {
    const path = join(folder(), 'run.csv');
    await csvExporter.write(run, path);
    writeFileSync(path, 'step,timestamp,acc\n');
    await expect(runAt(csvImporter, path)).rejects.toThrow('it has no column "loss"');
  });
});

describe("anybody's CSV", () => {
  it('has its step and its time by their names, whatever the unit', async () => {
    expect(
      await rowsOf(await runAt(csvImporter, fileOf('\ufeffWall time,Step,Value\r\n1767225600.5,3,0.25\r\n'))),
    ).toEqual([[3, 1_767_225_600_500_000, [['Value', 0.25]]]]);
    expect(
      await rowsOf(
        await runAt(
          csvImporter,
          fileOf('step,timestamp,a\n3,1767225600500,1\n4,2026-01-01 00:00:01+01:00,1\n'),
        ),
      ),
    ).toEqual([
      [3, 1_767_225_600_500_000, [['a', 1]]],
      [4, 1_767_222_001_000_000, [['a', 1]]],
    ]);
  });

  it('has columns of the type that all their cells are of; what a double cannot hold stays whole', async () => {
    const path = fileOf(
      'step,int,big,mixed,flag,code,float\n0,1,9007199254740993,1.50,True,007,nan\n1,2,1,x,false,1,-inf\n',
    );
    const back = await runAt(csvImporter, path);
    expect(back.fields.map(({ type }) => type)).toEqual([
      'DOUBLE',
      'INT64',
      'UTF8',
      'BOOLEAN',
      'UTF8',
      'DOUBLE',
    ]);
    expect((await rowsOf(back))[0]?.[2]).toEqual([
      ['big', 9007199254740993n],
      ['code', '007'],
      ['flag', true],
      ['float', NaN],
      ['int', 1],
      ['mixed', '1.50'],
    ]);
  });

  it('lacks a value where a word says so, in a column of numbers; in one of texts it is a text', async () => {
    const path = fileOf('step,loss,name\n0,0.50,N/A\n1,N/A,x\n2,1e-3,7\n3,-,y\n');
    const back = await runAt(csvImporter, path);
    expect(back.fields.map(({ type }) => type)).toEqual(['DOUBLE', 'UTF8']);
    expect((await rowsOf(back)).map(([, , values]) => Object.fromEntries(values))).toEqual([
      { loss: 0.5, name: 'N/A' },
      { name: 'x' },
      { loss: 0.001, name: '7' },
      { name: 'y' },
    ]);
  });
});
