import { ExpmanError, describeType } from './errors.js';
import { rule, type Rule, unknownWords } from './option-rules.js';
import { cut } from './printable.js';

/** The environment variable with the address of a webhook. */
export const WEBHOOK_VARIABLE = 'EXPMAN_WEBHOOK';

/** @bound refuses: INVALID_OPTION */
const MAX_URL = 2048;
const URL_WORDS = 'an https URL, or an http URL of this machine (localhost, 127.0.0.1 or [::1])';
const WORDS = `false, or { webhook, allowPrivate } with ${URL_WORDS}, and a boolean`;
const NAMES = ['webhook', 'allowPrivate'];

/** Where the alerts of a run are sent. */
export interface AlertSettings {
  /**
   * The address of a webhook: of Slack, of Discord, or any that takes JSON; by default the one in the
   * environment variable `EXPMAN_WEBHOOK`. An https URL, or an http URL of this machine. It is kept
   * in memory only, and never written to or read from a file of a run.
   */
  readonly webhook?: string | undefined;
  /**
   * Allows a webhook whose name leads to a private or link-local address, such as one in a company's
   * network; default false.
   */
  readonly allowPrivate?: boolean | undefined;
}

/** Checked {@link AlertSettings}; the address is not enumerable, so that nothing prints or clones it. */
export interface ResolvedAlerts {
  readonly allowPrivate: boolean;
  readonly webhook?: string | undefined;
}

/** A webhook, and the addresses that it may be at. */
export interface Webhook {
  /** A secret: anyone who has it can post there. */
  readonly url: string;
  readonly allowPrivate: boolean;
}

/**
 * The rule of the option `alerts`; `false` sends nothing, whatever the environment has.
 *
 * Its errors never hold the address, which is a secret.
 */
export const alertsRule = (): Rule<false | AlertSettings, false | ResolvedAlerts> =>
  rule(WORDS, (value, option) => {
    if (value === false) return false;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw refused(option, WORDS, `got ${describeType(value)}`);
    const stranger = Object.keys(value).find((name) => !NAMES.includes(name));
    if (stranger !== undefined) throw refused(option, WORDS, unknownWords(stranger, NAMES));
    const webhook: unknown = Reflect.get(value, 'webhook');
    const allowPrivate: unknown = Reflect.get(value, 'allowPrivate') ?? false;
    if (typeof allowPrivate !== 'boolean')
      throw refused(`${option}.allowPrivate`, 'a boolean', `got ${describeType(allowPrivate)}`);
    const resolved = { allowPrivate };
    if (webhook !== undefined)
      Object.defineProperty(resolved, 'webhook', { value: parseWebhook(`${option}.webhook`, webhook) });
    return Object.freeze(resolved);
  });

/**
 * Returns the webhook of these settings, else that of the environment; null for none.
 *
 * @throws ExpmanError `INVALID_OPTION` if the environment has something else, without saying what
 */
export function webhookFor(
  alerts: false | ResolvedAlerts,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Webhook | null {
  if (alerts === false) return null;
  const { webhook, allowPrivate } = alerts;
  if (webhook !== undefined) return { url: webhook, allowPrivate };
  const given = environment[WEBHOOK_VARIABLE];
  return given === undefined || given.trim() === ''
    ? null
    : { url: parseWebhook(WEBHOOK_VARIABLE, given.trim()), allowPrivate };
}

/** The host of a webhook: all of its address that may be shown. */
export const hostOf = ({ url }: Webhook): string => new URL(url).host;

/** Tells if a host is this machine by its name or address, without a look-up. */
export const isThisMachine = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname);

function parseWebhook(option: string, given: unknown): string {
  const problem = typeof given === 'string' ? problemOf(given) : `got ${describeType(given)}`;
  if (problem !== null) throw refused(option, URL_WORDS, problem);
  const url = new URL(String(given));
  url.hash = '';
  return url.href;
}

function problemOf(text: string): string | null {
  if (text.length > MAX_URL) return `it has ${text.length} characters, more than ${MAX_URL}`;
  if (!URL.canParse(text)) return 'it is not a URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return 'it has a user name or a password';
  if (protocol === 'https:' && hostname !== '') return null;
  if (protocol !== 'http:') return `its protocol is ${cut(protocol, 20)}`;
  return isThisMachine(hostname) ? null : 'it is http to another machine, which anyone in between can read';
}

const refused = (option: string, rule: string, problem: string): ExpmanError =>
  new ExpmanError('INVALID_OPTION', `${option} must be ${rule}; ${problem}`, { option, rule });
