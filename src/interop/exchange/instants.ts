const SECOND = 1_000_000;
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;

/** A row's timestamp in whole microseconds since the epoch; undefined for a row that has none. */
export function microsOf(timestampMs: number | undefined): number | undefined {
  if (timestampMs === undefined) return undefined;
  const micros = Math.round(timestampMs * 1000);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** Microseconds since the epoch as ISO 8601 with six digits behind the second. */
export function isoOfMicros(micros: number): string {
  const second = Math.floor(micros / SECOND);
  const rest = String(micros - second * SECOND).padStart(6, '0');
  return `${new Date(second * 1000).toISOString().slice(0, -5)}.${rest}Z`;
}

/** Microseconds since the epoch of a time in ISO 8601; without a zone it is UTC. Undefined for any other text. */
export function microsOfIso(text: string): number | undefined {
  const [, date, time, fraction = '', zone = 'Z'] = ISO.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const second = Date.parse(`${date}T${secondsOf(time)}${zoneOf(zone)}`) * 1000;
  // @bound loses nothing: timestamps are kept in microseconds
  return Number.isNaN(second) ? undefined : second + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/** A bare number is in seconds, or in so much smaller a unit that it would be thousands of years ahead. */
export function microsOfNumber(number: number): number | undefined {
  const size = Math.abs(number);
  const unit = size < 1e11 ? 1e6 : size < 1e14 ? 1e3 : size < 1e17 ? 1 : 1e-3;
  const micros = Math.round(number * unit);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** A time of another tool as ISO 8601 in UTC with milliseconds; null for anything else. */
export function isoOf(value: unknown): string | null {
  const micros = typeof value === 'string' ? microsOfIso(value) : undefined;
  return micros === undefined ? null : isoOfMs(Math.floor(micros / 1000));
}

/** Milliseconds since the epoch as ISO 8601; null for what is no time. */
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
