import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPMAN } from '../support/cli.js';
import { expmanHere as expman } from '../support/cli-here.js';
import type { ReadRow } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { printedRows } from './csv-rig.js';
import { PAYLOADS } from './hostile/inputs.js';
import { json, runOf, threeRuns } from './three-runs.js';

const folder = tempFolders('csv-cli');
const { isTTY } = process.stdout;
afterEach(() => {
  Object.assign(process.stdout, { isTTY });
});

const printed = (...args: readonly string[]): Promise<ReadRow[]> => printedRows(folder(), ...args);

describe('expman query --csv', () => {
  it('has exact values, and nothing between two commas for null', async () => {
    const values = [
      ['i', '1152921504606846977::BIGINT'],
      ['u', '170141183460469231731687303715884105727::HUGEINT'],
      ['d', '0.1::DOUBLE + 0.2::DOUBLE'],
      ['nan', "'nan'::DOUBLE"],
      ['inf', "'-inf'::DOUBLE"],
      ['b', 'true'],
      ['n', 'NULL'],
      ['e', "''"],
      ['t', '\'a, "b"\''],
      ['"=f"', "'=1+1'"],
      ['l', '[1::BIGINT, 2]'],
      ['s', "{'a': [NULL, 'x']}"],
      ['at', "TIMESTAMPTZ '2026-11-24 09:22:30.123456+00'"],
      ['day', "DATE '2026-11-24'"],
    ];
    const sql = `SELECT ${values.map(([name, value]) => `${value} AS ${name}`).join(', ')}`;
    expect(await expman('query', folder(), sql, '--csv')).toMatchObject({
      exit: 0,
      stdout:
        "i,u,d,nan,inf,b,n,e,t,'=f,l,s,at,day\n" +
        '1152921504606846977,170141183460469231731687303715884105727,0.30000000000000004,NaN,-Infinity,true,,"",' +
        '"a, ""b""",\'=1+1,"[1,2]","{""a"":[null,""x""]}",2026-11-24T09:22:30.123456Z,2026-11-24\n',
      stderr: '',
    });
  });

  it('has every column, also two of one name', async () => {
    expect((await expman('query', folder(), 'SELECT 1 AS x, 2 AS x, 3 AS x_2', '--csv')).stdout).toBe(
      'x,x_3,x_2\n1,2,3\n',
    );
  });

  it('has all rows up to --limit, and says on stderr that there are more', async () => {
    const args = ['query', folder(), 'SELECT range AS n FROM range(5000)', '--csv', '--limit'];
    const all = Array.from({ length: 5000 }, (_, n) => `${n}\n`);
    expect(await expman(...args, '5000')).toMatchObject({ stdout: `n\n${all.join('')}`, stderr: '' });
    expect(await expman(...args, '2500')).toMatchObject({
      exit: 0,
      stdout: `n\n${all.slice(0, 2500).join('')}`,
      stderr: 'expman: there are more than 2,500 rows; raise --limit to see more\n',
    });
  });

  it('has a header and nothing else where no row is found', async () => {
    expect((await expman('query', folder(), 'SELECT run FROM runs', '--csv')).stdout).toBe('run\n');
  });
});

describe('a hostile text', () => {
  /** Half of a character is none in UTF-8, and DuckDB reads no NUL. */
  const texts = PAYLOADS.filter((text) => !/[\ud800\0]/u.test(text));
  const params = Object.fromEntries(texts.map((text, at) => [`p${at}`, text]));

  it('comes back from list --csv as it was, as value and as name', async () => {
    const base = folder();
    const names = texts.filter((text) => text.length < 1000 && !/^(?:=|__proto__$|constructor$)/.test(text));
    await runOf(base, 'a', (run) => {
      run.logParams({ value: params, name: Object.fromEntries(names.map((name) => [name, 'x'])) });
    });
    const [{ params: kept } = { params: {} }] = json(await expman('list', base, '--json')) as {
      readonly params: { readonly value?: object; readonly name?: object };
    }[];
    expect(kept.value).toEqual(params);
    const [row = {}] = await printed('list', base);
    for (const [name, text] of Object.entries(params))
      expect(row[`params.value.${name}`]).toBe(/^[=\r]/.test(text) ? `'${text}` : text);
    expect(Object.keys(row).filter((name) => name.startsWith('params.name.'))).toEqual(
      Object.keys(kept.name ?? {}).map((name) => `params.name.${name}`),
    );
  });

  it('comes back from query --csv as it was', async () => {
    const base = folder();
    await runOf(base, 'a', (run) => {
      run.logParams(params);
    });
    const rows = await printed('query', base, 'SELECT key, value FROM params');
    expect(Object.fromEntries(rows.map(({ key, value }) => [key, value]))).toEqual(
      Object.fromEntries(
        Object.entries(params).map(([key, text]) => [key, /^[=\r]/.test(text) ? `'${text}` : text]),
      ),
    );
  });

  it('is not obeyed by a terminal', async () => {
    const base = folder();
    await runOf(base, 'a', (run) => {
      run.logParams({ evil: '\u001b]0;x\u0007,\r\n\u202e' });
    });
    Object.assign(process.stdout, { isTTY: true });
    expect((await expman('list', base, '--csv', '--columns', 'params.evil')).stdout).toBe(
      'experiment,run,params.evil\nexp,a,"\\u001b]0;x\\u0007,\\u000d\n\\u202e"\n',
    );
  });
});

describe('--csv', () => {
  it.each([
    ['list', ['.'], '[DIR]'],
    ['query', ['.', 'FROM runs'], 'DIR SQL'],
  ])('is refused beside --json: %s', async (command, args, usage) => {
    expect(await expman(command, ...args, '--csv', '--json')).toMatchObject({
      exit: 1,
      stdout: '',
      stderr:
        'expman: --csv and --json cannot be combined; choose one of them\n\n' +
        `usage: expman ${command} ${usage} [OPTIONS]\n\nrun \`expman ${command} --help\` for details\n`,
    });
  });

  it.each([['--json'], ['--csv']])(
    'ends quietly when its reader has seen enough, as %s does',
    async (format) => {
      const { base } = await threeRuns(folder());
      for (const args of [
        ['list', base, format],
        ['query', base, 'FROM range(200000)', '--limit', '200000', format],
      ]) {
        const child = spawn(process.execPath, [EXPMAN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
        child.stdout.destroy();
        let stderr = '';
        child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
        const [code] = (await once(child, 'close')) as [number | null];
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      }
    },
  );
});
