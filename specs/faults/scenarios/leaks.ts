import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { must } from '../check-run.js';
import { drive, type Told } from '../driven.js';
import type { Scenario } from '../scenario.js';

const RUNS_AT_ONCE = 10;
/** A night's runs take longer than the two minutes that a child has otherwise. */
const LIMIT_MS = 60_000;
const MS_PER_RUN = 60;
const ALLOWED_SHARE = 0.05;
const ALLOWED_BYTES = 10 * 1024 * 1024;

const allowed = (bytes: number): number => bytes + Math.max(bytes * ALLOWED_SHARE, ALLOWED_BYTES);

/** A process opens and closes runs for a long time, and is as large at the end as it was when it had warmed up. */
export const leaks: Scenario = {
  name: 'a process that opens and closes runs, again and again',
  rows: [32],
  run: async ({ folder, tally, amount, progress }) => {
    const runs = amount(1000, 10_000);
    const { child, next, ended, stderr } = drive(
      folder,
      PROGRAM(runs),
      ['--expose-gc'],
      LIMIT_MS + runs * MS_PER_RUN,
    );
    const marks: Mark[] = [];
    for (let told = await next(); told['ended'] !== true; told = await next()) {
      marks.push(markOf(told));
      progress(JSON.stringify(told));
    }
    await ended;
    must(
      child.exitCode === 0 && stderr() === '',
      'I7',
      () => `the child ended with ${child.exitCode}: ${stderr()}`,
    );
    // Arrow, the YAML parser and the compiled code of all that is used come with the first runs.
    const [, warm] = marks;
    const end = marks.at(-1);
    must(
      marks.length === 10 && warm !== undefined && end !== undefined,
      'I8',
      () => `${marks.length} marks, not 10`,
    );
    const told = (): string => marks.map((mark) => JSON.stringify(mark)).join('\n');
    must(
      marks.every(({ held }) => held === 0),
      'I8',
      () => `files of closed runs are open: ${told()}`,
    );
    must(end.descriptors <= warm.descriptors, 'I8', () => `descriptors: ${told()}`);
    must(end.threads <= warm.threads, 'I8', () => `threads: ${told()}`);
    for (const kind of ['heap', 'external'] as const)
      must(end[kind] <= allowed(warm[kind]), 'I8', () => `${kind} grew: ${told()}`);
    // The writer thread's garbage is collected when V8 likes to, so what it holds goes up and down by tens of megabytes.
    const peak = Math.max(...marks.slice(0, marks.length / 2).map(({ rss }) => rss));
    must(end.rss <= allowed(peak), 'I8', () => `rss grew: ${told()}`);
    const left = readdirSync(join(folder, 'faults'));
    must(left.length === runs + 1, 'I8', () => `${left.length} entries for ${runs} runs`);
    tally.cases += runs;
    console.error(`  ${runs} runs; at 20 %: ${JSON.stringify(warm)}; at the end: ${JSON.stringify(end)}`);
  },
};

/** What the process held at one moment, garbage collected. */
interface Mark {
  readonly runs: number;
  /** Descriptors of files of runs, all of which are closed. */
  readonly held: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
}

function markOf(told: Told): Mark {
  const number = (key: string): number => Number(told[key]);
  return {
    runs: number('runs'),
    held: number('held'),
    descriptors: number('descriptors'),
    threads: number('threads'),
    heap: number('heap'),
    external: number('external'),
    rss: number('rss'),
  };
}

const PROGRAM = (runs: number): string => `
    const { readdirSync, readlinkSync } = await import('node:fs');
    const linked = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const mark = async (done) => {
      // What a run leaves to the next turns of the loop, and to the writer thread, is gone by then.
      for (let round = 0; round < 3; round++) { await pause(100); globalThis.gc(); }
      const { heapUsed: heap, external, rss } = process.memoryUsage();
      const count = (folder) => readdirSync('/proc/self/' + folder).length;
      const held = readdirSync('/proc/self/fd').filter((fd) => linked(fd).includes('/faults/')).length;
      say({ runs: done, held, descriptors: count('fd'), threads: count('task'), heap, external, rss });
    };
    for (let done = 0; done < ${runs};) {
      const open_ = Array.from({ length: ${RUNS_AT_ONCE} }, () => open({ flushIntervalMs: 5 }));
      for (const [index, run] of open_.entries()) {
        for (let step = 0; step < 50; step++) run.logMetrics(rowOf('mixed', index, step), step);
        run.logParams({ index });
        run.logger.info('a line');
        if (index % 3 === 0) await run.flush();
      }
      await Promise.all(open_.map((run) => run.close()));
      done += open_.length;
      if (done % ${runs / 10} === 0) await mark(done);
    }`;
