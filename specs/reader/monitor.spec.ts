import { cpSync, utimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { type MonitorEvent, inspectRun, monitorRuns, openRun, recoverRun } from 'expman-rx/reader';
import { lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { conditionsIn } from '../../dist/modules/cli/monitor.js';
import { runChild } from '../support/child.js';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { webhookServer } from '../support/webhook-server.js';

const folder = tempFolders('monitor');

const open = (base: string, runName: string, options: object = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName, ...options }));

/** What one look finds. */
const look = (base: string, options: object = {}): Promise<MonitorEvent[]> =>
  lastValueFrom(monitorRuns(base, { once: true, ...options }).pipe(toArray()));

/** A run that was killed with an alert that its webhook had not accepted. */
async function killed(base: string, webhook: string): Promise<string> {
  const { runDir } = await runChild(
    base,
    `const run = open({ runName: 'dead', alerts: { webhook: '${webhook}' } });
     run.alert('hot'); run.logMetrics({ loss: 11 }, 0); await run.flush(); say('x'); setInterval(() => undefined, 1e6);`,
    { killWhen: (said) => said.length > 0 },
  );
  return runDir;
}

describe('a monitor', () => {
  it('finds runs that have crashed, have stalled, or match a filter', async () => {
    const base = folder();
    const runDir = await killed(base, 'http://127.0.0.1:9/');
    const quiet = open(base, 'quiet');
    quiet.logMetrics({ loss: 1 }, 0);
    await quiet.flush();
    const old = new Date(Date.now() - 3_600_000);
    for (const name of readdirSync(quiet.runDir)) utimesSync(join(quiet.runDir, name), old, old);
    const busy = open(base, 'busy');
    const found = await look(base, { on: ['crashed', 'stalled', 'metrics.loss.last > 10'] });
    expect(found).toEqual([
      expect.objectContaining({
        kind: 'crashed',
        condition: 'crashed',
        run: 'dead',
        runDir,
        epoch: 0,
        message: 'crashed',
      }),
      expect.objectContaining({ kind: 'matched', condition: 'metrics.loss.last > 10', run: 'dead' }),
      expect.objectContaining({
        kind: 'stalled',
        run: 'quiet',
        message: 'has logged nothing for 60 minutes',
      }),
    ]);
    await Promise.all([quiet.close(), busy.close()]);
  });

  it('tells of a run once for each condition, and again after it was resumed', async () => {
    const base = folder();
    const events: MonitorEvent[] = [];
    const watching = monitorRuns(base, { on: ["status = 'FINISHED'"], everyMs: 20 }).subscribe((event) => {
      events.push(event);
    });
    const seen = async (count: number): Promise<void> => {
      while (events.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await open(base, 'r').close();
    await seen(1);
    await open(base, 'other').close();
    await seen(2);
    await open(base, 'r', { resume: 'must' }).close();
    await seen(3);
    watching.unsubscribe();
    expect(events.map((event) => 'epoch' in event && [event.run, event.epoch])).toEqual([
      ['r', 0],
      ['other', 0],
      ['r', 1],
    ]);
  });

  it('sends what it finds, and the alerts that an ended run has left unsent, once', async () => {
    const base = folder();
    let isAwake = false;
    const server = await webhookServer((response) => {
      if (isAwake) response.end();
    });
    const runDir = await killed(base, server.url);
    const before = server.received.length;
    isAwake = true;
    const alerts = { webhook: server.url };
    const events = await lastValueFrom(monitorRuns(base, { alerts, everyMs: 10 }).pipe(take(2), toArray()));
    expect(events.map(({ kind }) => kind)).toEqual(['crashed', 'alerts']);
    expect(events[1]).toEqual({ kind: 'alerts', runDir, sent: 1, unproven: 0, failure: null });
    const posts = server.received.slice(before).map(({ body }) => JSON.parse(body) as object);
    expect(posts).toMatchObject([
      { kind: 'monitor', title: 'crashed', run: 'dead', level: 'error' },
      { kind: 'alert', title: 'hot' },
    ]);
    // The run is as it was otherwise, and no later owner sends it again.
    expect(await inspectRun(runDir)).toMatchObject({
      status: 'CRASHED',
      rows: 1,
      alerts: [{ delivery: 'sent' }],
    });
    expect(await recoverRun(runDir, { alerts })).toMatchObject({ alertsSent: 0, rows: 1, status: 'CRASHED' });
    expect(openRun(runDir).facts.alerts).toMatchObject([{ delivery: 'sent' }]);
    expect(server.received).toHaveLength(before + 2);
  });

  it('never sends the alerts of a copy', async () => {
    const server = await webhookServer(() => undefined);
    const runDir = await killed(folder(), server.url);
    const other = folder();
    cpSync(runDir, join(other, 'exp/copy'), { recursive: true, preserveTimestamps: true });
    const before = server.received.length;
    const events = await look(other, { on: ['stalled'], alerts: { webhook: server.url } });
    expect(events).toEqual([expect.objectContaining({ kind: 'alerts', sent: 0, unproven: 1 })]);
    expect(server.received).toHaveLength(before);
  });

  it('is refused wrong conditions at once, and tells of a folder that is not there', async () => {
    expect(() => monitorRuns('.', { on: ['metrics.loss >'] })).toThrow(
      expect.objectContaining({ code: 'INVALID_FILTER' }) as Error,
    );
    expect(() => monitorRuns('.', { on: [''] })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }) as Error,
    );
    await expect(look(join(folder(), 'none'))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});

describe('expman monitor', () => {
  it('exits with 5 if it finds something, and 0 if not', async () => {
    const base = folder();
    await open(base, 'r').close();
    expect(await expmanHere('monitor', base, '--once')).toMatchObject({ exit: 0, stdout: '' });
    const { exit, stdout } = await expmanHere(
      'monitor',
      base,
      '--once',
      '--on',
      "rows = 0,status IN ('CRASHED', 'FAILED')",
    );
    expect(exit).toBe(5);
    expect(stdout).toMatch(/^\d{4}-\S+Z {2}matched {2}exp\/r {2}rows = 0\n$/);
    const { stdout: json } = await expmanHere('monitor', base, '--once', '--on', 'rows = 0', '--json');
    expect(JSON.parse(json)).toMatchObject({ kind: 'matched', run: 'r', epoch: 0 });
    expect((await expmanHere('monitor', base, '--once', '--on', 'rows >')).exit).toBe(2);
  });

  it.each([
    ['crashed,stalled', ['crashed', 'stalled']],
    ["a = 'x,y',b IN (1, 2)", ["a = 'x,y'", 'b IN (1, 2)']],
    ['a = "it\'s, so",c', ['a = "it\'s, so"', 'c']],
    ['', ['']],
  ])('splits %j at commas outside of quotes and parentheses', (text, parts) => {
    expect(conditionsIn(text)).toEqual(parts);
  });
});
