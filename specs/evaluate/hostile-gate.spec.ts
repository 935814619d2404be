import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { type GateOptions, type GateResult, gate, gateJUnit, gateMarkdown } from 'expman-rx/evaluate';
import { openRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('hostile-gate');
const EXPMAN = fileURLToPath(new URL('../../dist/cli/expman.js', import.meta.url));
const RATE = { metric: 'rate', tag: false } as const;

async function runWith(base: string, runName: string, rate: number): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('evals', base, { runName, environment: false }));
  run.summary({ rate });
  run.logMetrics({ loss: rate }, 0);
  await run.close();
  return run.runDir;
}

/** A run of that rate with another one before it, compared with that. */
async function compared(before: number, now: number, options: Partial<GateOptions>): Promise<GateResult> {
  const base = folder();
  await runWith(base, 'before', before);
  return gate(await runWith(base, 'now', now), { ...RATE, baseline: 'last', ...options });
}

function change(runDir: string, changed: (file: Record<string, unknown>) => object): void {
  const path = join(runDir, 'run.yaml');
  const file = parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, `${stringify({ ...file, ...changed(file) })}# end\n`);
}

describe('a gate never passes', () => {
  it.each([
    ['max', 0.9, -Infinity],
    ['min', 0.9, Infinity],
    ['max', Infinity, 0.9],
    ['min', -Infinity, 0.9],
    ['max', NaN, 0.9],
    ['max', 0.9, NaN],
    ['min', NaN, NaN],
  ] as const)('by the goal %s, a drop from %d to %d', async (goal, before, now) => {
    expect((await compared(before, now, { goal, maxDrop: 0.02 })).passed).toBe(false);
  });

  it('a run because it is compared with itself, also by way of a link', async () => {
    const base = folder();
    await runWith(base, 'before', 0.9);
    const runDir = await runWith(base, 'now', 0.5);
    const link = join(base, 'evals/link');
    symlinkSync(runDir, link);
    for (const path of [link, `${link}/`, `${runDir}/../now`]) {
      const { passed, baseline } = await gate(path, { ...RATE, maxDrop: 0.1, baseline: 'last' });
      expect([passed, baseline?.run]).toEqual([false, 'before']);
      await expect(gate(path, { ...RATE, maxDrop: 0.1, baseline: 'now' })).rejects.toMatchObject({
        code: 'INVALID_VALUE',
      });
    }
  });

  it('a run whose file is damaged, and says so with exit code 2', async () => {
    const runDir = await runWith(folder(), 'a', 0.9);
    writeFileSync(join(runDir, 'run.yaml'), 'status: FINISHED\nsummary: {rate: 1}\n');
    await expect(gate(runDir, { ...RATE, min: 0 })).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await expmanHere('gate', runDir, '-m', 'rate', '--min', '0')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('CORRUPT') as string,
    });
  });

  it('a metric whose last value may be lost; a summary value is not', async () => {
    const runDir = await runWith(folder(), 'a', 0.9);
    change(runDir, (file) => ({
      losses: [{ epoch: 0, firstRecord: 0, records: 7, calls: 7 }],
      counts: { ...(file['counts'] as object), lost: 7 },
    }));
    expect(openRun(runDir).facts.lost).toBe(7);
    expect(await gate(runDir, { ...RATE, metric: 'loss', min: 0 })).toMatchObject({
      passed: false,
      checks: [{ name: 'status', message: expect.stringContaining('7 calls are lost') as string }, {}],
    });
    expect((await gate(runDir, { ...RATE, min: 0 })).passed).toBe(true);
  });

  it('because the run before it cannot be read, and says so where another one was found', async () => {
    const base = folder();
    const before = await runWith(base, 'before', 0.9);
    writeFileSync(join(before, 'run.yaml'), '{');
    const runDir = await runWith(base, 'now', 0.5);
    for (const baseline of ['last', 'tag:main'])
      await expect(gate(runDir, { ...RATE, maxDrop: 0, baseline })).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining(before) as string,
      });
    const next = await runWith(base, 'next', 0.5);
    const { passed, checks } = await gate(next, { ...RATE, maxDrop: 0, baseline: 'last' });
    expect([passed, checks[1]?.message]).toEqual([
      true,
      expect.stringMatching(/of now; it is 0\.5 \(1 run of the experiment cannot be read\)$/),
    ]);
  });

  it('by what is left of its rows: the file of a run says what was logged', async () => {
    const runDir = await runWith(folder(), 'a', 0.5);
    rmSync(join(runDir, 'metrics.parquet'));
    expect((await gate(runDir, { ...RATE, metric: 'loss', min: 0.6 })).passed).toBe(false);
  });
});

describe('the reports of a gate', () => {
  const HOSTILE = '<!-- @everyone `x` ![a](http://evil/a) ~~$1$ &lt; \u001b[31m\u202e | #1';

  it('format nothing, link nowhere, mention nobody and colour nothing, whatever a metric is called', async () => {
    const run = new LoggingEngine(
      new ExperimentConfig('evals', folder(), { runName: 'a', environment: false }),
    );
    run.summary({ [HOSTILE]: 1, 'recall@5': 1 });
    await run.close();
    const result = await gate(run.runDir, { metric: HOSTILE, min: 2, tag: false });
    const markdown = gateMarkdown(result);
    expect(markdown.split('\n')).toHaveLength(6);
    expect(markdown).toContain(
      String.raw`\<\!-- @` + '\u200beveryone ' + String.raw`\`x\` \!\[a\](http:` + '\u200b//evil/a) ',
    );
    expect(markdown).toContain(String.raw`\~\~\$1\$ \&lt; \\u001b\[31m\\u202e \| \#1`);
    expect(markdown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(gateMarkdown(await gate(run.runDir, { ...RATE, metric: 'recall@5', min: 1 }))).toContain(
      'recall@5',
    );
    expect(gateJUnit(result)).toContain(
      '&lt;!-- @everyone `x` ![a](http://evil/a) ~~$1$ &amp;lt; \ufffd[31m',
    );
  });
});

describe('expman gate where nothing can be written', () => {
  /** Runs a line of bash in which $GATE is `expman gate` of the run. */
  const bash = (runDir: string, line: string): { readonly exit: number | null; readonly stderr: string } => {
    const script = `set -o pipefail; trap '' XFSZ; GATE=("$0" "$1" gate "$2" -m rate); ${line}`;
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', script.replaceAll('$GATE', '"${GATE[@]}"'), process.execPath, EXPMAN, runDir],
      { encoding: 'utf8', timeout: 250_000, killSignal: 'SIGKILL' },
    );
    return { exit: status, stderr };
  };

  it('exits with 5 for a run that fails, and says that it could not be tagged', async () => {
    const runDir = await runWith(folder(), 'a', 0.5);
    const { exit, stderr } = bash(runDir, 'ulimit -f 0; $GATE --min 0.9');
    expect(exit).toBe(5);
    expect(stderr).toMatch(/the run was not tagged gate:failed: .*run\.yaml cannot be changed: EFBIG/);
    expect(openRun(runDir).facts).toMatchObject({ tags: [], status: 'FINISHED' });
  });

  it('exits with 3, also for a run that passes, and leaves an earlier JUnit file whole', async () => {
    const runDir = await runWith(folder(), 'a', 0.5);
    const junit = join(folder(), 'gate.xml');
    writeFileSync(junit, '<earlier/>');
    expect(bash(runDir, `ulimit -f 0; $GATE --min 0.1 --junit '${junit}'`)).toMatchObject({
      exit: 3,
      stderr: expect.stringContaining('EFBIG') as string,
    });
    expect(readFileSync(junit, 'utf8')).toBe('<earlier/>');
  });

  it.skipIf(!existsSync('/dev/full'))('exits with 3 if its table cannot be written', async () => {
    const runDir = await runWith(folder(), 'a', 0.5);
    expect(bash(runDir, '$GATE --min 0.1 --markdown > /dev/full').exit).toBe(3);
  });

  it('exits with 5 for a run that fails although nobody reads what it says', async () => {
    const runDir = await runWith(folder(), 'a', 0.5);
    expect(bash(runDir, '$GATE --min 0.9 --no-tag | true').exit).toBe(5);
  });
});
