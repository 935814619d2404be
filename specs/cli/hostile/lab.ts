import {
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { runChild } from '../../support/child.js';
import type { CliEnd } from '../../support/cli.js';
import { type CliEndHere, expmanHere } from '../../support/cli-here.js';

/** What a terminal would obey. */
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const STACK = /^ {4}at .*:\d+/m;
/**
 * What a file made to be slow may cost, in milliseconds of the processor. What grows with the square of its size takes minutes; the
 * rest takes less than one second, and twice to three times as much on a processor that others use as well.
 */
const MAX_CPU_MS = 10_000;

/** What every run of these specs is a copy of. */
export interface Templates {
  /** Closed, with parameters, log, tags, an artifact and media. */
  readonly closed: string;
  /** Killed, with rows in its write-ahead log alone. */
  readonly killed: string;
}

export async function makeTemplates(base: string): Promise<Templates> {
  const run = new LoggingEngine(
    new ExperimentConfig('good', base, { runName: 'closed', tags: ['t'], notes: 'n', title: 'T' }),
  );
  run.logParams({ lr: 0.1, net: { layers: 2 } });
  run.logger.info('begun');
  for (let step = 0; step < 50; step++) run.logMetrics({ loss: 1 / (step + 1), name: `s${step}` }, step);
  run.logTable('worst', [{ id: 1 }], 0);
  await run.saveArtifact('model.txt', Buffer.from('weights'));
  await run.close();
  const { runDir } = await runChild(
    base,
    "const run = open({ flushIntervalMs: 60_000 }); run.logParams({ lr: 1 }); run.logger.info('begun'); for (let i = 0; i < 50; i++) run.logMetrics({ loss: i }, i); await run.flush(); process.kill(process.pid, 'SIGKILL');",
  );
  return { closed: run.runDir, killed: runDir };
}

/** A folder of experiments with a good run in it and a bad one beside it, in a folder that nothing may leave a trace in. */
export class Lab {
  readonly base: string;
  readonly good: string;
  readonly bad: string;
  private before = '';

  constructor(
    readonly outside: string,
    template: string,
    { closed }: Templates,
    badName = 'bad',
  ) {
    this.base = join(outside, 'base');
    this.good = join(this.base, 'exp/good');
    this.bad = join(this.base, 'exp', badName);
    mkdirSync(join(outside, 'work'));
    writeFileSync(join(outside, 'canary'), 'canary');
    cpSync(closed, this.good, { recursive: true });
    cpSync(template, this.bad, { recursive: true, preserveTimestamps: true });
  }

  /** From here on nothing outside may change. */
  begin(): this {
    mkdirSync(join(this.outside, 'out'), { recursive: true });
    this.before = this.traces();
    return this;
  }

  /** Runs a command and looks whether it did any harm. */
  async expman(...args: readonly string[]): Promise<CliEndHere> {
    const end = await expmanHere(...args);
    expectHarmless(end);
    expect(end.cpuMs).toBeLessThan(MAX_CPU_MS);
    expect(this.traces()).toBe(this.before);
    return end;
  }

  /** Whatever became of the bad run, the good one is listed. */
  async expectGoodIsListed(): Promise<void> {
    const { stdout, exit } = await this.expman('list', this.base, '--json');
    expect(exit).toBe(0);
    const runs = JSON.parse(stdout) as { runDir: string; rows: number }[];
    expect(runs.find(({ runDir }) => runDir === this.good)).toMatchObject({ rows: 50, status: 'FINISHED' });
  }

  /** Everything outside the base. */
  private traces(): string {
    const lines: string[] = [];
    const walk = (folder: string): void => {
      for (const name of readdirSync(folder).sort()) {
        const path = join(folder, name);
        const stats = lstatSync(path);
        if (path === this.base || path === join(this.outside, 'out')) continue;
        const what = stats.isFile()
          ? readFileSync(path, 'base64')
          : stats.isSymbolicLink()
            ? readlinkSync(path)
            : stats.mode;
        lines.push(`${relative(this.outside, path)} ${what}`);
        if (stats.isDirectory()) walk(path);
      }
    };
    walk(this.outside);
    return lines.join('\n');
  }
}

/** An end as any input may bring it about. */
export function expectHarmless({ exit, stdout, stderr }: CliEnd): void {
  expect(exit).toBeGreaterThanOrEqual(0);
  expect(exit).toBeLessThanOrEqual(4);
  for (const text of [stdout, stderr]) {
    expect(text.match(RAW)?.index).toBeUndefined();
    expect(text).not.toMatch(STACK);
    expect(text).not.toMatch(/TypeError|RangeError|(?:of|as it is) undefined|undefined:|\[object Object\]/);
  }
  if (exit !== 0) expect(stdout + stderr).not.toBe('');
}

/** Numbers that are the same in every run of the specs. */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}
