import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { openRun } from 'expman-rx/reader';
import { sweep, uniform } from 'expman-rx/sweep';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';
import { type WebhookServer, webhookServer } from '../support/webhook-server.js';

const folder = tempFolders('sweep-alerts');
const SPACE = { x: uniform(0, 1) };
const DIST = new URL('../../dist/sweep.js', import.meta.url).href;

/** A webhook that answers once it is awake. */
async function sleepingWebhook(): Promise<WebhookServer & { readonly awake: () => number }> {
  let isAwake = false;
  const server = await webhookServer((response) => {
    if (isAwake) response.end();
  });
  const awake = (): number => {
    isAwake = true;
    return server.received.length;
  };
  return { ...server, awake };
}

/** A sweep whose process is killed when the alert of its trial is in the log, and has not been sent. */
async function killedSweep(baseDir: string, webhook: string): Promise<void> {
  const program = `
    import { sweep, uniform } from ${JSON.stringify(DIST)};
    sweep({ x: uniform(0, 1) }, async ({ run }) => {
      run.logMetrics({ loss: 1 }, 0);
      run.alert('hot', { level: 'error' });
      await run.flush();
      console.log('flushed');
      await new Promise((resolve) => setTimeout(resolve, 1e6));
    }, { name: 's', baseDir: ${JSON.stringify(baseDir)}, metric: 'loss', trials: 1, run: { environment: false } });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, EXPMAN_WEBHOOK: webhook },
    timeout: 250_000,
    killSignal: 'SIGKILL',
  });
  createInterface(child.stdout).on('line', () => child.kill('SIGKILL'));
  const [, signal] = (await once(child, 'close')) as [unknown, string];
  expect(signal).toBe('SIGKILL');
}

const deliveryIn = (baseDir: string): string | undefined =>
  openRun(join(baseDir, 's/trial-0000')).facts.alerts[0]?.delivery;

describe('a sweep that goes on after a kill', () => {
  it('sends the alerts that its trials had left unsent, to the webhook of its runs', async () => {
    const server = await sleepingWebhook();
    const baseDir = folder();
    await killedSweep(baseDir, server.url);
    const before = server.awake();
    expect(deliveryIn(baseDir)).toBe('unsent');
    const { trials } = await sweep(SPACE, ({ run }) => run.logMetrics({ loss: 2 }, 0), {
      ...{ name: 's', baseDir, metric: 'loss', trials: 1, handleSignals: false },
      run: { environment: false, alerts: { webhook: server.url } },
    }).result;
    expect(trials).toMatchObject([{ status: 'finished', attempt: 1 }]);
    const sent = server.received.slice(before).map(({ body }) => JSON.parse(body) as object);
    expect(sent).toMatchObject([{ run: 'trial-0000', title: 'hot' }]);
    expect(deliveryIn(baseDir)).toBe('sent');
  });
});
