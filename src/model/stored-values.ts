import { isMapping } from '../pure/is-mapping.js';
import { isPolluting } from './param-value.js';

// Checks of what files say: they may hold anything.

export { isMapping as isRecord };

/** Returns the entries of an object whose keys reach no prototype; empty for anything else. */
export const entriesIn = (value: unknown): [string, unknown][] =>
  isMapping(value) ? Object.entries(value).filter(([key]) => !isPolluting(key)) : [];

/** True for the uuid of a run: 32 hex digits in lower case. */
export const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);

/** True for an identity as `crypto.randomUUID` writes it. */
export const isRandomUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);

/** True for a SHA-256: 64 hex digits in lower case. */
export const isSha256 = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/** True for a time as `Date.toISOString` writes it. */
export const isInstant = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
