import { describe, expect, it } from 'vitest';
import { Waiting } from '../../../dist/modules/dashboard/data/waiting.js';
import { ask, closedRun, dashboards, idOf } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('gone');
const serve = dashboards();
/** More than wait at once. */
const MANY = 100;

describe('questions for the dashboard', () => {
  it('are dropped when whoever asked has gone: those who ask next have an answer', async () => {
    const dir = folder();
    const id = idOf(await closedRun(dir, 200_000));
    const dashboard = await serve(dir);
    const path = `/api/series?runs=${id}&metric=loss`;
    const leaving = new AbortController();
    const left = Array.from({ length: 60 }, () =>
      ask(dashboard, path, { signal: leaving.signal }).catch(() => null),
    );
    await Promise.race(left);
    leaving.abort();
    await Promise.all(left);
    // By then the server has seen that they have gone.
    for (let round = 0; round < 5; round++) await ask(dashboard, '/api/server');
    const next = await Promise.all(Array.from({ length: 40 }, () => ask(dashboard, path)));
    expect(new Set(next.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('of one client turn away none of another one', async () => {
    const dir = folder();
    const id = idOf(await closedRun(dir, 100_000));
    const dashboard = await serve(dir);
    const path = `/api/series?runs=${id}&metric=loss`;
    const greedy = Array.from({ length: MANY }, async () => {
      const { status } = await ask(dashboard, path, { headers: { 'User-Agent': 'greedy' } });
      return status;
    });
    await Promise.race(greedy);
    const others = await Promise.all(
      Array.from({ length: 3 }, () => ask(dashboard, path, { headers: { 'User-Agent': 'other' } })),
    );
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(await Promise.all(greedy))).toEqual(new Set([200, 503]));
  });

  it('that wait are taken in turn, one of each client, and the greediest gives way', () => {
    const waiting = new Waiting<string>();
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) waiting.add(item.slice(0, 1), item);
    expect([waiting.delete('a2'), waiting.delete('a2'), waiting.size]).toEqual([true, false, 5]);
    expect(waiting.takeFromGreediest('a')).toBe(undefined);
    expect(waiting.takeFromGreediest('d')).toBe('a3');
    const taken = Array.from({ length: 5 }, () => waiting.next());
    expect(taken).toEqual(['a1', 'b1', 'c1', 'c2', undefined]);
  });
});
