import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { inspectRun, openExperiments, openRun, parseWhere, recoverRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { expmanHere } from '../support/cli-here.js';
import { logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('alerts');

const open = (options: ExperimentOptions = {}, base = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, ...options }));

describe('an alert', () => {
  it('is in run.yaml, in the facts and in run.log, with its level, text and time', async () => {
    const run = open();
    run.alert('loss is NaN', { text: 'at step 7', level: 'error' });
    run.alert('  slow  ');
    await run.close();
    const { alerts, alertsLeftOut } = openRun(run.runDir).facts;
    expect(alerts).toEqual([
      {
        ...{
          id: '0-1',
          at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
          level: 'error',
          title: 'loss is NaN',
        },
        ...{ text: 'at step 7', repeats: 0, delivery: 'none', sentAt: null },
      },
      expect.objectContaining({ id: '0-2', level: 'warn', title: 'slow', text: '' }),
    ]);
    expect(alertsLeftOut).toBe(0);
    expect(yamlOf(run.runDir)).toMatchObject({ alerts: { '0-1': { level: 'error', title: 'loss is NaN' } } });
    expect(logLines(run.runDir).join('\n')).toMatch(
      /ERROR alert: loss is NaN: at step 7[^]*WARN {2}alert: slow/,
    );
  });

  it('can be read while the run is open, and is there after a kill, and after recovery', async () => {
    const { runDir } = await runChild(
      folder(),
      `const run = open(); run.alert('hot', { level: 'error' }); await run.flush(); await ask('look');`,
      {
        answer: async (_asked, dir) => {
          expect(await inspectRun(dir)).toMatchObject({ alerts: [{ title: 'hot' }], status: 'RUNNING' });
          return 'kill';
        },
      },
    );
    const said = { alerts: [{ id: '0-1', title: 'hot', level: 'error', delivery: 'none' }] };
    expect(await inspectRun(runDir)).toMatchObject({ ...said, status: 'CRASHED' });
    await recoverRun(runDir);
    expect(openRun(runDir).facts).toMatchObject(said);
  });

  it('stands for its repetitions within a minute, which are counted', async () => {
    const run = open();
    for (let times = 0; times < 1000; times++) run.alert('again');
    run.alert('again', { level: 'error' });
    await run.close();
    expect(openRun(run.runDir).facts.alerts).toMatchObject([
      { title: 'again', level: 'warn', repeats: 999 },
      { title: 'again', level: 'error', repeats: 0 },
    ]);
    expect(logLines(run.runDir).filter((line) => line.includes('alert: again'))).toHaveLength(2);
  });

  it('of a run that is resumed stands beside the earlier ones', async () => {
    const base = folder();
    const first = open({ runName: 'r' }, base);
    first.alert('first');
    await first.close();
    const second = open({ runName: 'r', resume: 'must' }, base);
    second.alert('first');
    await second.close();
    expect(openRun(second.runDir).facts.alerts.map(({ id, title }) => [id, title])).toEqual([
      ['0-1', 'first'],
      ['1-1', 'first'],
    ]);
  });

  it('has its secrets redacted', async () => {
    const run = open();
    run.alert('postgres://ada:hunter2@host/d', { text: 'password=hunter2' });
    await run.close();
    for (const name of ['run.yaml', 'run.log'])
      expect(readFileSync(join(run.runDir, name), 'utf8')).not.toContain('hunter2');
  });

  it('keeps the start of a long title and text, and says how much is missing', async () => {
    const run = open();
    run.alert('t'.repeat(201), { text: `${'x'.repeat(4000)}12345` });
    await run.close();
    const [alert] = openRun(run.runDir).facts.alerts;
    expect(alert?.title).toBe(`${'t'.repeat(200)}…[1 more character]`);
    expect(alert?.text).toMatch(/x…\[5 more characters\]$/);
  });

  it('has room for 64 KB of alerts, and counts the others', async () => {
    const base = folder();
    const run = open({ runName: 'r' }, base);
    for (let at = 0; at < 300; at++) run.alert(`alert ${at}`);
    await run.close();
    const { alerts, alertsLeftOut } = openRun(run.runDir).facts;
    expect(alerts.length).toBeGreaterThan(200);
    expect(alertsLeftOut).toBe(300 - alerts.length);
    expect(logLines(run.runDir).join('\n')).toMatch(/may have 65536 bytes together/);
    const next = open({ runName: 'r', resume: 'must' }, base);
    next.alert('one more');
    await next.close();
    expect(openRun(run.runDir).facts.alertsLeftOut).toBe(alertsLeftOut + 1);
  });

  it('is refused for what is no title, and for a misspelt option, and does nothing after the end', async () => {
    const run = open();
    for (const title of ['', ' ', 3, null, {}]) run.alert(title as never);
    expect(() => {
      run.alert('a', { levl: 'error' } as never);
    }).toThrow(/did you mean "level"/);
    expect(() => {
      run.alert('a', { level: 'fatal' as never });
    }).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option: 'level' }) as Error);
    expect(await run.close()).toMatchObject({ invalid: 5 });
    run.alert('late');
    expect(openRun(run.runDir).facts.alerts).toEqual([]);
  });

  it("throws for it with onInvalid: 'throw'", async () => {
    const run = open({ onInvalid: 'throw' });
    expect(() => {
      run.alert(7 as never);
    }).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', option: 'title' }) as Error);
    await run.close();
  });

  it('is shown by list and inspect, found by filters, and harmless to a terminal', async () => {
    const base = folder();
    const quiet = open({ runName: 'quiet' }, base);
    await quiet.close();
    const run = open({ runName: 'loud' }, base);
    run.alert('\u001b[31mred\u202e', { text: 'a\nb', level: 'info' });
    await run.close();
    expect(
      (await openExperiments(base).runs({ where: (facts) => parseWhere('alerts > 0').matches(facts) })).map(
        ({ facts }) => facts.run,
      ),
    ).toEqual(['loud']);
    const list = await expmanHere('list', base);
    expect(list.stdout).toMatch(/rows +alerts[^]*loud.*0 +1/);
    const { stdout } = await expmanHere('inspect', run.runDir);
    expect(stdout).toMatch(/alert +level +raised[^]*red.*info/);
    expect(stdout).not.toMatch(/\u001b|\u202e/);
    const [, plain] = JSON.parse((await expmanHere('list', base, '--json')).stdout) as { alerts: unknown }[];
    expect(plain?.alerts).toEqual([]);
    expect((await expmanHere('list', base, '--csv')).stdout).toMatch(/,error,alerts/);
  });
});
