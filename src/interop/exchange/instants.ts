const SECOND = 1_000_000;
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * Converts a row's timestamp to whole microseconds since the epoch; undefined for a row without
 * one.
 */
export function microsOf(timestampMs: number | undefined): number | undefined {
  if (timestampMs === undefined) return undefined;
  const micros = Math.round(timestampMs * 1000);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** Writes microseconds since the epoch as ISO 8601 with six decimals. */
export function isoOfMicros(micros: number): string {
  const second = Math.floor(micros / SECOND);
  const rest = String(micros - second * SECOND).padStart(6, '0');
  return `${new Date(second * 1000).toISOString().slice(0, -5)}.${rest}Z`;
}

/**
 * Parses a time in ISO 8601 to microseconds since the epoch; UTC if it has no time zone. Undefined
 * for any other text.
 */
export function microsOfIso(text: string): number | undefined {
  const [, date, time, fraction = '', zone = 'Z'] = ISO.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const second = Date.parse(`${date}T${secondsOf(time)}${zoneOf(zone)}`) * 1000;
  // @bound loses nothing: timestamps are kept in microseconds
  return Number.isNaN(second) ? undefined : second + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/**
 * Converts a bare number to microseconds: it is in seconds, or in a smaller unit if it would
 * otherwise be thousands of years ahead.
 */
export function microsOfNumber(number: number): number | undefined {
  const size = Math.abs(number);
  const unit = size < 1e11 ? 1e6 : size < 1e14 ? 1e3 : size < 1e17 ? 1 : 1e-3;
  const micros = Math.round(number * unit);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** In seconds since the epoch a time of 1973: a smaller number is of seconds since the start. */
export const FIRST_INSTANT = 1e8;

/**
 * Returns the seconds since the start that a column of times has in place of times; undefined for a
 * time and for anything else.
 */
export function elapsedOf(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) < FIRST_INSTANT ? number : undefined;
}

/** Writes a time of another tool as ISO 8601 in UTC with milliseconds; null for anything else. */
export function isoOf(value: unknown): string | null {
  const micros = typeof value === 'string' ? microsOfIso(value) : undefined;
  return micros === undefined ? null : isoOfMs(Math.floor(micros / 1000));
}

/** Writes milliseconds since the epoch as ISO 8601; null if they are not a time. */
export function isoOfMs(ms: unknown): string | null {
  if (typeof ms !== 'number') return null;
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

const secondsOf = (time = '00:00'): string => (time.length === 5 ? `${time}:00` : time);

function zoneOf(zone: string): string {
  if (/^(?:z|utc)$/i.test(zone)) return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  // @bound loses nothing: the sign, the hours and, after them, the minutes of a zone
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
