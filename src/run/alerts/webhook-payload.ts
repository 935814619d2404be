import type { AlertLevel } from '../../model/alerts.js';
import { cut, printable } from '../../model/printable.js';
import type { Webhook } from '../../model/webhook.js';

/** The text of a message: of an alert, or of a condition that a monitor watches. */
export interface WebhookMessage {
  readonly kind: 'alert' | 'monitor';
  readonly experiment: string;
  readonly run: string;
  readonly uuid: string;
  readonly level: AlertLevel;
  readonly title: string;
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The number of repetitions it stands for. */
  readonly repeats: number;
}

const SLACK = /^hooks\.slack(?:-gov)?\.com$/;
const DISCORD = /^(?:\w+\.)?discord(?:app)?\.com$/;
const DISCORD_PATH = /^\/api\/(?:v\d+\/)?webhooks\//;
const COLOURS: Readonly<Record<AlertLevel, number>> = { info: 0x3b82f6, warn: 0xf59e0b, error: 0xef4444 };
/**
 * The characters that Discord takes.
 *
 * @bound loses nothing: the run has the whole text, and an ellipsis shows that it is longer
 */
const DISCORD_LIMITS = { content: 1900, title: 250, description: 3900 };

/**
 * Writes a message as the JSON that a webhook takes: that of Slack or Discord by its host, else a
 * plain object.
 *
 * Texts come from runs, and runs from anywhere: they are shown as they are, mention nobody, link
 * nowhere and format nothing.
 */
export function payloadFor({ url }: Webhook, message: WebhookMessage): string {
  const { hostname, pathname } = new URL(url);
  if (SLACK.test(hostname)) return JSON.stringify(forSlack(message));
  if (DISCORD.test(hostname) && DISCORD_PATH.test(pathname)) return JSON.stringify(forDiscord(message));
  return JSON.stringify({ source: 'expman-rx', version: 1, ...message });
}

function forSlack(message: WebhookMessage): object {
  return {
    text: [headOf(message), message.text]
      .filter((line) => line !== '')
      .map(slackText)
      .join('\n'),
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
  };
}

function forDiscord(message: WebhookMessage): object {
  const { title, text, level, at } = message;
  return {
    content: discordText(headOf(message), DISCORD_LIMITS.content),
    embeds: [
      {
        title: discordText(title, DISCORD_LIMITS.title),
        ...(text !== '' && { description: discordText(text, DISCORD_LIMITS.description) }),
        color: COLOURS[level],
        ...(at !== '' && { timestamp: at }),
      },
    ],
    allowed_mentions: { parse: [] },
  };
}

/** `ERROR digits/run-1: loss is NaN (3 times)`. */
function headOf({ experiment, run, level, title, repeats }: WebhookMessage): string {
  const times = repeats > 0 ? ` (${repeats + 1} times)` : '';
  return `${level.toUpperCase()} ${experiment}/${run}: ${title}${times}`;
}

/** Line breaks stay; everything else that is not printed becomes visible. */
const plainLines = (text: string): string => text.split(/\r?\n/).map(printable).join('\n');

/** The three characters with which Slack begins links, mentions and entities. */
const slackText = (text: string): string =>
  plainLines(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Escapes Markdown, and breaks mentions and addresses with a space of no width. */
function discordText(text: string, most: number): string {
  const escaped = plainLines(text)
    .replace(/[\\*_~`|>[\]()#<+-]/g, String.raw`\$&`)
    .replaceAll('@', '@\u200b')
    .replaceAll('://', ':\u200b//');
  return cut(escaped, most);
}
