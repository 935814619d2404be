import { describe, expect, it } from 'vitest';
import { type WebhookMessage, payloadFor } from '../../../src/run/alerts/webhook-payload.js';

const MESSAGE: WebhookMessage = {
  kind: 'alert',
  experiment: 'exp',
  run: 'r1',
  uuid: 'f'.repeat(32),
  level: 'error',
  title: 'loss is NaN',
  text: 'at step 7',
  at: '2026-01-01T00:00:00.000Z',
  repeats: 0,
};
const SLACK = 'https://hooks.slack.com/services/T0/B0/x';
const DISCORD = 'https://discord.com/api/webhooks/1/x';
const HOSTILE = '<!channel> <@U1> @everyone & [a](https://evil.example) **b** `c` \u202e\u001b[31m';

const sent = (url: string, over: object = {}): Readonly<Record<string, unknown>> =>
  JSON.parse(payloadFor({ url, allowPrivate: false }, { ...MESSAGE, ...over })) as Record<string, unknown>;

describe('the JSON for a webhook', () => {
  it('of Slack is a text, which is not taken for markup', () => {
    expect(sent(SLACK)).toEqual({
      text: 'ERROR exp/r1: loss is NaN\nat step 7',
      ...{ mrkdwn: false, parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false },
    });
    const { text } = sent(SLACK, { title: HOSTILE, text: HOSTILE }) as { text: string };
    expect(text).not.toMatch(/[<>\u202e\u001b]/);
    expect(text).toContain('&lt;!channel&gt; &lt;@U1&gt; @everyone &amp;');
  });

  it('of Discord mentions nobody, and has no markup and no links', () => {
    expect(sent(DISCORD)).toEqual({
      content: 'ERROR exp/r1: loss is NaN',
      embeds: [{ title: 'loss is NaN', description: 'at step 7', color: 0xef4444, timestamp: MESSAGE.at }],
      allowed_mentions: { parse: [] },
    });
    const hostile = sent(DISCORD, { title: HOSTILE, text: HOSTILE });
    const shown = JSON.stringify([hostile['content'], hostile['embeds']]);
    expect(shown).not.toMatch(/@everyone|<@\w|https:\/\/|[^\\]\*\*|\]\(|\u202e/);
  });

  it('of Discord fits into its limits, and shows that it is cut', () => {
    const { content, embeds } = sent(DISCORD, { title: '*'.repeat(5000), text: '_'.repeat(9000) }) as {
      content: string;
      embeds: { title: string; description: string }[];
    };
    expect([content.length, embeds[0]?.title.length, embeds[0]?.description.length]).toEqual([
      1900, 250, 3900,
    ]);
    expect(embeds[0]?.title.at(-1)).toBe('…');
  });

  it('of any other is plain, and has everything', () => {
    expect(sent('https://hook.example/')).toEqual({ source: 'expman-rx', version: 1, ...MESSAGE });
  });

  it.each([
    ['https://hooks.slack.com.evil.example/services/x', 'source'],
    ['https://evil.example/hooks.slack.com', 'source'],
    ['https://discord.com/other', 'source'],
    ['https://notdiscord.com/api/webhooks/1/x', 'source'],
    ['https://hooks.slack-gov.com/services/x', 'mrkdwn'],
    ['https://ptb.discord.com/api/v10/webhooks/1/x', 'embeds'],
    ['https://discordapp.com/api/webhooks/1/x', 'embeds'],
  ])('is told by the host: %s', (url, key) => {
    expect(sent(url)).toHaveProperty(key);
  });

  it('says how often an alert was raised', () => {
    expect(sent(SLACK, { repeats: 2, text: '' })['text']).toBe('ERROR exp/r1: loss is NaN (3 times)');
  });
});
