import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../src/model/experiment-config.js';
import { webhookFor } from '../../src/model/webhook.js';

const SECRET = 'https://hooks.slack.com/services/T0/B0/s3cr3t';
const webhookOf = (alerts: unknown, variable?: string): ReturnType<typeof webhookFor> =>
  webhookFor(new ExperimentConfig('e', '.', { alerts: alerts as never }).alerts, {
    EXPMAN_WEBHOOK: variable,
  });

const errorOf = (attempt: () => unknown): unknown => {
  try {
    attempt();
  } catch (error) {
    return error;
  }
  return null;
};

describe('the webhook for alerts', () => {
  it('is that of the option, else that of the environment', () => {
    expect(webhookOf({ webhook: SECRET })).toEqual({ url: SECRET, allowPrivate: false });
    expect(webhookOf({ webhook: SECRET, allowPrivate: true }, 'https://other.example/')).toEqual({
      url: SECRET,
      allowPrivate: true,
    });
    expect(webhookOf(undefined, ` ${SECRET}\n`)).toEqual({ url: SECRET, allowPrivate: false });
    expect(webhookOf({ allowPrivate: true }, SECRET)).toEqual({ url: SECRET, allowPrivate: true });
    expect(webhookOf(undefined)).toBeNull();
    expect(webhookOf(undefined, ' ')).toBeNull();
    expect(webhookOf(false, SECRET)).toBeNull();
  });

  it.each([
    'http://localhost:1/x',
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://[::1]:80/',
    'https://a.example/?b=c',
  ])('may be %s', (url) => {
    expect(webhookOf({ webhook: url })?.url).toBe(new URL(url).href);
  });

  it.each([
    ['http://hook.example/s3cr3t', 'http to another machine'],
    ['http://10.0.0.1/s3cr3t', 'http to another machine'],
    ['http://localhost.evil.example/s3cr3t', 'http to another machine'],
    ['http://127.0.0.1.evil.example/s3cr3t', 'http to another machine'],
    ['http://127.0.0.1@evil.example/s3cr3t', 'user name'],
    ['https://ada:s3cr3t@hook.example/', 'user name'],
    ['file:///etc/s3cr3t', 'protocol is file:'],
    ['javascript:s3cr3t', 'protocol is javascript:'],
    ['s3cr3t', 'not a URL'],
    ['//hook.example/s3cr3t', 'not a URL'],
    [`https://hook.example/s3cr3t${'x'.repeat(2048)}`, 'more than 2048'],
    [7, 'got number'],
    [{ s3cr3t: 1 }, 'got object'],
  ])('must not be %s, and the error does not repeat it', (webhook, problem) => {
    const errors = [
      errorOf(() => webhookOf({ webhook })),
      ...(typeof webhook === 'string' ? [errorOf(() => webhookOf(undefined, webhook))] : []),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(problem) as string,
      });
      expect(inspect(error)).not.toContain('s3cr3t');
    }
  });

  it('is not repeated by the error for other mistakes with it', () => {
    for (const alerts of [
      SECRET,
      [SECRET],
      { webhoook: SECRET },
      { webhook: SECRET, allowPrivate: 1 },
      null,
    ]) {
      const error = errorOf(() => webhookOf(alerts));
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      expect(inspect(error)).not.toContain('s3cr3t');
    }
  });

  it('is neither printed, nor cloned, nor written as JSON with its config', () => {
    const config = new ExperimentConfig('e', '.', { alerts: { webhook: SECRET } });
    for (const text of [
      inspect(config, { depth: null }),
      JSON.stringify(config),
      inspect(structuredClone(config.toPlain()), { depth: null, showHidden: true }),
    ])
      expect(text).not.toContain('s3cr3t');
    // Another config made of it has it all the same.
    const { alerts } = config.toPlain();
    expect(webhookFor(new ExperimentConfig('f', '.', { alerts }).alerts, {})?.url).toBe(SECRET);
  });
});
