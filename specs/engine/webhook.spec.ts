import { cpSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, type Health, LoggingEngine } from 'expman-rx';
import { archiveRun, importRuns, unarchiveRun } from 'expman-rx/interop';
import { inspectRun, openRun, recoverRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { type WebhookServer, webhookServer } from '../support/webhook-server.js';

const folder = tempFolders('webhook');

const open = (webhook: string, options: ExperimentOptions = {}, base = folder()): LoggingEngine =>
  new LoggingEngine(
    new ExperimentConfig('exp', base, { environment: false, runName: 'r', alerts: { webhook }, ...options }),
  );

const bodies = ({ received }: WebhookServer): Record<string, unknown>[] =>
  received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

/** Every byte of every file of a run. */
const allOf = (runDir: string): string =>
  readdirSync(runDir, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => readFileSync(join(runDir, name), 'latin1'))
    .join('\n');

/** A killed run whose webhook answers from now on, and did not before. */
interface Killed {
  readonly runDir: string;
  readonly url: string;
  /** What was posted since. */
  readonly posts: () => Record<string, unknown>[];
}

/** A run that was killed when its alert was in the log, and not yet sent. */
async function killed(): Promise<Killed> {
  let isAwake = false;
  const server = await webhookServer((response) => {
    if (isAwake) response.end();
  });
  const { runDir } = await runChild(
    folder(),
    `const run = open({ runName: 'r', alerts: { webhook: '${server.url}' } });
     run.alert('hot', { text: 'very', level: 'error' }); run.logMetrics({ a: 1 }, 0);
     await run.flush(); say('flushed'); setInterval(() => undefined, 1e6);`,
    { killWhen: (said) => said.includes('flushed') },
  );
  isAwake = true;
  const before = server.received.length;
  return { runDir, url: server.url, posts: () => bodies(server).slice(before) };
}

describe('an alert with a webhook', () => {
  it('is sent while the run is open, and says so in its facts, its health and run.yaml', async () => {
    const server = await webhookServer();
    const run = open(server.url);
    const healths: Health['alerts'][] = [];
    run.health$.subscribe(({ alerts }) => healths.push(alerts));
    run.alert('hot', { text: 'very', level: 'error' });
    await server.got(1);
    expect(bodies(server)).toMatchObject([
      {
        ...{ source: 'expman-rx', version: 1, kind: 'alert', experiment: 'exp', run: 'r', level: 'error' },
        ...{ title: 'hot', text: 'very', repeats: 0 },
      },
    ]);
    await run.close();
    const [alert] = openRun(run.runDir).facts.alerts;
    expect(alert).toMatchObject({ delivery: 'sent', sentAt: expect.stringMatching(/Z$/) as string });
    expect(healths.at(-1)).toEqual({ sent: 1, pending: 0, failure: null });
    expect(server.received).toHaveLength(1);
  });

  it('is sent while a loop never yields', async () => {
    const server = await webhookServer();
    const { ended } = await runChild(
      folder(),
      `const run = open({ alerts: { webhook: '${server.url}' } });
       run.alert('hot');
       for (let step = 0; ; step++) { run.logMetrics({ a: step }, step); if (step % 10_000 === 0) say('spins'); }`,
      { killWhen: () => server.received.length > 0 },
    );
    expect(ended).toBe('SIGKILL');
    expect(bodies(server)).toMatchObject([{ title: 'hot' }]);
  });

  it('is waited for by close, but no longer than exitTimeoutMs, and then left unsent', async () => {
    const server = await webhookServer(() => undefined);
    const run = open(server.url, { exitTimeoutMs: 100 });
    run.alert('hot');
    run.logMetrics({ a: 1 }, 0);
    expect(await run.close()).toMatchObject({ status: 'FINISHED', rows: 1 });
    expect(openRun(run.runDir).facts.alerts).toMatchObject([
      { title: 'hot', delivery: 'unsent', sentAt: null },
    ]);
    expect(logLines(run.runDir).join('\n')).toMatch(/1 alert was not sent before the run ended/);
  });

  it('that is refused is told in run.log and health, without the address, and the run goes on', async () => {
    const server = await webhookServer((response) => response.writeHead(404).end());
    const run = open(server.url);
    const healths: Health['alerts'][] = [];
    run.health$.subscribe(({ alerts }) => healths.push(alerts));
    run.alert('hot');
    run.alert('hotter');
    expect(await run.close()).toMatchObject({ status: 'FINISHED' });
    const log = logLines(run.runDir);
    expect(log.filter((line) => line.includes('was not sent'))).toEqual([
      expect.stringMatching(/an alert was not sent: 127\.0\.0\.1:\d+: it answered 404/),
    ]);
    expect(healths.at(-1)?.failure).toMatch(/it answered 404/);
    expect(allOf(run.runDir)).not.toContain('s3cr3t');
  });

  it('of a busy webhook is sent again, and none is lost or sent twice', async () => {
    const server = await webhookServer((response, number) =>
      number === 1 ? response.writeHead(503).end() : response.end(),
    );
    const run = open(server.url);
    for (const title of ['a', 'b', 'c']) run.alert(title);
    await run.close();
    expect(bodies(server).map(({ title }) => title)).toEqual(['a', 'a', 'b', 'c']);
    expect(openRun(run.runDir).facts.alerts.map(({ delivery }) => delivery)).toEqual([
      'sent',
      'sent',
      'sent',
    ]);
  });

  it('is sent to the webhook of the environment, and to none with alerts: false', async () => {
    const server = await webhookServer();
    process.env['EXPMAN_WEBHOOK'] = server.url;
    try {
      const silent = open('', { alerts: false });
      silent.alert('no');
      await silent.close();
      expect(openRun(silent.runDir).facts.alerts).toMatchObject([{ delivery: 'none' }]);
      const run = open('', { alerts: undefined });
      run.alert('yes');
      await run.close();
      expect(bodies(server)).toMatchObject([{ title: 'yes' }]);
      process.env['EXPMAN_WEBHOOK'] = 'http://elsewhere.example/s3cr3t';
      const base = folder();
      expect(() => open('', { alerts: undefined }, base)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', option: 'EXPMAN_WEBHOOK' }) as Error,
      );
      expect(readdirSync(base)).toEqual([]);
    } finally {
      delete process.env['EXPMAN_WEBHOOK'];
    }
  });

  it.each([
    'https://ada:s3cr3t@hooks.example/x',
    'https://s3cr3t@hooks.example/x',
    'http://[::ffff:10.0.0.1]/s3cr3t',
    'http://127.0.0.1.evil.example/s3cr3t',
    'http://localhost@evil.example/s3cr3t',
    'http://[::1].evil.example/s3cr3t',
    'http://0.0.0.0/s3cr3t',
    'http://2130706433.evil/s3cr3t',
    'file:///etc/s3cr3t',
    'data:,s3cr3t',
    'javascript:s3cr3t',
    'unix:/run/s3cr3t',
    '//hooks.example/s3cr3t',
    's3cr3t',
    '',
    `https://hooks.example/s3cr3t${'x'.repeat(3000)}`,
  ])('is refused %j, and does not repeat it', (webhook) => {
    const base = folder();
    let refusal: unknown;
    try {
      open(webhook, {}, base);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'INVALID_OPTION', option: 'alerts.webhook' });
    expect(`${String(refusal)}${JSON.stringify(refusal)}`).not.toContain('s3cr3t');
    expect(readdirSync(base)).toEqual([]);
  });

  it('has its address in no file of the run, open, killed or closed', async () => {
    const { runDir } = await killed();
    expect(allOf(runDir)).not.toContain('s3cr3t');
    await recoverRun(runDir);
    expect(allOf(runDir)).not.toContain('s3cr3t');
  });
});

describe('an alert that a kill left unsent', () => {
  const unsent = { alerts: [{ title: 'hot', delivery: 'unsent' }] };

  it('is sent by a recovery that has the webhook', async () => {
    const { runDir, url, posts } = await killed();
    expect(await inspectRun(runDir)).toMatchObject({ ...unsent, status: 'CRASHED' });
    const recovery = await recoverRun(runDir, { alerts: { webhook: url } });
    expect(recovery).toMatchObject({ alertsSent: 1, status: 'CRASHED', rows: 1 });
    expect(posts()).toMatchObject([{ title: 'hot', text: 'very', level: 'error', run: 'r' }]);
    expect(openRun(runDir).facts.alerts).toMatchObject([{ delivery: 'sent' }]);
    await recoverRun(runDir, { alerts: { webhook: url } });
    expect(posts()).toHaveLength(1);
  });

  it('is sent by the session that resumes the run, before its own', async () => {
    const { runDir, url, posts } = await killed();
    const run = open(url, { resume: 'must' }, join(runDir, '../..'));
    run.alert('next');
    await run.close();
    expect(posts().map(({ title }) => title)).toEqual(['hot', 'next']);
    expect(openRun(runDir).facts.alerts.map(({ delivery }) => delivery)).toEqual(['sent', 'sent']);
  });

  it('is not sent without a webhook, nor to another one', async () => {
    const { runDir } = await killed();
    const other = await webhookServer();
    const first = open('', { resume: 'must', alerts: false }, join(runDir, '../..'));
    await first.close();
    const second = open(other.url, { resume: 'must' }, join(runDir, '../..'));
    await second.close();
    expect(other.connections()).toBe(0);
    expect(logLines(runDir).join('\n')).toMatch(
      /1 alert of earlier sessions is not sent: raised in another folder/,
    );
    expect(openRun(runDir).facts).toMatchObject(unsent);
  });

  it('is sent after its folder was renamed', async () => {
    const { runDir, url, posts } = await killed();
    renameSync(runDir, `${runDir}-moved`);
    await recoverRun(`${runDir}-moved`, { alerts: { webhook: url } });
    expect(posts()).toHaveLength(1);
  });

  it('is never sent from a copy of the folder, or an archive of it', async () => {
    const { runDir, url, posts } = await killed();
    const copy = `${runDir}-copy`;
    cpSync(runDir, copy, { recursive: true, preserveTimestamps: true });
    await recoverRun(copy, { alerts: { webhook: url } });
    const archived = join(folder(), 'r.tar.gz');
    await archiveRun(copy, archived);
    const { runDir: unpacked } = await unarchiveRun(archived, folder());
    expect(JSON.stringify(yamlOf(unpacked))).not.toContain('seal');
    const run = open(url, { resume: 'must' }, join(unpacked, '../..'));
    await run.close();
    expect(posts()).toEqual([]);
  });

  it('is never sent by an import, whatever the environment says', async () => {
    const { runDir, url, posts } = await killed();
    await recoverRun(runDir);
    process.env['EXPMAN_WEBHOOK'] = url;
    try {
      await importRuns(runDir, { dir: folder() }).catch(() => undefined);
    } finally {
      delete process.env['EXPMAN_WEBHOOK'];
    }
    expect(posts()).toEqual([]);
  });
});
