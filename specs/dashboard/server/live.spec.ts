import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { LoggingEngine } from 'expman-rx';
import {
  type Heard,
  type Listener,
  ask,
  closedRun,
  dashboards,
  idOf,
  listen,
  openRun,
} from '../../support/dashboard.js';
import { openFilesIn, threads } from '../../support/own-process.js';
import { runChild } from '../../support/child.js';
import { tempFolders } from '../../support/temp-folder.js';
import type { LivePoints } from '../../../dist/dashboard/api.js';

const folder = tempFolders('dashboard-live');
const serve = dashboards();

interface Point {
  readonly step: number | null;
  readonly value: number | null;
}

const pointsIn = (heard: readonly Heard[], metric = 'loss'): Point[] =>
  heard
    .filter(({ event }) => event === 'points')
    .flatMap(({ data }) => (data as LivePoints).series)
    .filter((series) => series.metric === metric)
    .flatMap(({ step, value }) => step.map((each, at) => ({ step: each, value: value[at] ?? null })));
const points = (listener: Listener, count: number): Promise<void> =>
  listener.until((heard) => pointsIn(heard).length >= count);
const has = (event: string) => (heard: readonly Heard[]) => heard.some((each) => each.event === event);

describe('listening to a run', () => {
  it('gives every row that is logged after the answer has begun, once, late ones and those without a step as well', async () => {
    const run = openRun(folder());
    run.logMetrics({ loss: -1 }, 0);
    const listener = await listen(await serve(run), `runs=${idOf(run.runDir)}&metric=loss`);
    const logged: Point[] = [];
    const log = (value: number, step?: number): void => {
      run.logMetrics({ loss: value }, step);
      logged.push({ step: step ?? null, value: Number.isFinite(value) ? value : null });
    };
    for (let step = 1; step <= 50; step++) log(step, step);
    log(0.5, 7);
    log(0.25);
    log(NaN, 51);
    log(Infinity, 52);
    await points(listener, 10);
    for (let step = 53; step <= 60; step++) log(step, step);
    await points(listener, logged.length);
    await run.close();
    await listener.until((heard) =>
      heard.some(({ event, data }) => event === 'run' && (data as { status: string }).status === 'FINISHED'),
    );
    expect(pointsIn(listener.heard)).toEqual(logged);
    expect(listener.heard.filter(({ event }) => event === 'reset')).toEqual([]);
    listener.close();
  });
});
