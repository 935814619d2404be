import { ExpmanError, describeType } from '../../model/errors.js';

/** The environment variable with the address of the queue, for whoever keeps it out of code and commands. */
export const QUEUE_VARIABLE = 'EXPMAN_QUEUE';
const RULE = "the address of a Redis or Valkey server, such as 'redis://host:6379' or 'rediss://host:6380'";

/** A checked address: whole for the connection, and without user and password for messages. */
export interface QueueAddress {
  readonly url: string;
  /** Protocol, host and port. */
  readonly shown: string;
}

/**
 * Checks an address; `true` or undefined is that in `EXPMAN_QUEUE`.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, without the address, which may hold a password
 */
export function queueAddress(given: unknown): QueueAddress {
  const fromEnvironment = given === true || given === undefined;
  const text: unknown = fromEnvironment ? process.env[QUEUE_VARIABLE] : given;
  if (fromEnvironment && (text === undefined || text === ''))
    throw refused(`${RULE}; without one, set ${QUEUE_VARIABLE}, which is not set`, text);
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '')
    throw refused(RULE, text);
  return { url: url.href, shown: `${url.protocol}//${url.hostname}:${url.port || '6379'}` };
}

function refused(rule: string, value: unknown): ExpmanError {
  const type = describeType(value);
  return new ExpmanError('INVALID_OPTION', `queue must be ${rule}; got a value of type ${type}`, {
    option: 'queue',
    rule,
    type,
  });
}
