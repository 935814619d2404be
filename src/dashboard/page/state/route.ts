import { shownSpan, type Span } from '../../../pure/span.js';

/** The tabs of a run's page. */
export const RUN_TABS = [
  'overview',
  'metrics',
  'logs',
  'files',
  'media',
  'histograms',
  'system',
  'environment',
] as const;
export type RunTab = (typeof RUN_TABS)[number];

/** A place on the page, as the fragment of the address names it. */
export type Place =
  | { readonly page: 'runs' | 'curves' | 'compare' | 'history' }
  | { readonly page: 'run'; readonly experiment: string; readonly run: string; readonly tab: RunTab }
  | { readonly page: 'sweep'; readonly experiment: string }
  /** All artifacts; the versions of one, by its name; or one version. */
  | { readonly page: 'artifacts'; readonly name?: string; readonly version?: number };

/** A place and the choices there; a key may be repeated. */
export interface Route {
  readonly place: Place;
  readonly query: URLSearchParams;
}

const RUNS: Place = { page: 'runs' };

/**
 * Parses a fragment such as `#/run/mnist/quick-fox/logs?level=warn`; an invalid one means the list
 * of runs.
 */
export function parseRoute(hash: string): Route {
  const [path = '', ...rest] = hash.replace(/^#/, '').split('?');
  return {
    place: placeOf(path.split('/').slice(1).map(decoded)),
    query: new URLSearchParams(rest.join('?')),
  };
}

function placeOf([page, experiment, run, tab]: readonly string[]): Place {
  if (page === 'curves' || page === 'compare' || page === 'history') return { page };
  if (page === 'artifacts') return artifactPlace(experiment, run);
  if (page === 'sweep' && experiment) return { page, experiment };
  if (page === 'run' && experiment && run)
    return { page, experiment, run, tab: RUN_TABS.find((name) => name === tab) ?? 'overview' };
  return RUNS;
}

function artifactPlace(name: string | undefined, version: string | undefined): Place {
  if (!name) return { page: 'artifacts' };
  const [, digits] = /^v([1-9]\d{0,14})$/.exec(version ?? '') ?? [];
  return { page: 'artifacts', name, ...(digits !== undefined && { version: Number(digits) }) };
}

/** Writes the fragment of a place, for {@link parseRoute}. */
export function hashOf(place: Place, query: URLSearchParams = new URLSearchParams()): string {
  const text = query.toString();
  return `#/${pathOf(place).map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

function pathOf(place: Place): readonly string[] {
  switch (place.page) {
    case 'run':
      return ['run', place.experiment, place.run, ...(place.tab === 'overview' ? [] : [place.tab])];
    case 'sweep':
      return ['sweep', place.experiment];
    case 'artifacts':
      return [
        'artifacts',
        ...(place.name === undefined ? [] : [place.name]),
        ...(place.name === undefined || place.version === undefined ? [] : [`v${place.version}`]),
      ];
    default:
      return [place.page];
  }
}

/** Changes of a query: null removes a key, a list repeats it. */
export type QueryChange = Readonly<Record<string, string | readonly string[] | null>>;

/** Returns the query with some keys changed. */
export function changedQuery(query: URLSearchParams, change: QueryChange): URLSearchParams {
  const out = new URLSearchParams(query);
  for (const [key, value] of Object.entries(change)) {
    out.delete(key);
    for (const each of value === null ? [] : typeof value === 'string' ? [value] : value)
      out.append(key, each);
  }
  return out;
}

/** Returns a finite number of the query; `standard` if there is none. */
export function numberIn<T>(query: URLSearchParams, key: string, standard: T): number | T {
  const text = query.get(key);
  const value = text === null || text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : standard;
}

/** Returns the stretch that charts are zoomed to, never too short to show; null for everything. */
export function viewIn(query: URLSearchParams): Span | null {
  const [from, to] = [numberIn(query, 'from', null), numberIn(query, 'to', null)];
  return from === null || to === null || from >= to ? null : shownSpan({ from, to });
}

/**
 * Returns the change that zooms to a stretch, rounded to a hundred-millionth of it: no pixel is
 * that narrow.
 */
export function viewQuery(view: Span | null): QueryChange {
  if (view === null) return { from: null, to: null };
  const { from, to } = view;
  const size = Math.max(Math.abs(from), Math.abs(to));
  // A stretch between milliseconds since the epoch takes more digits than one of steps from 0.
  const digits = Math.max(9, Math.min(17, Math.ceil(Math.log10(size / (to - from))) + 9));
  const rounded = shownSpan({ from: Number(from.toPrecision(digits)), to: Number(to.toPrecision(digits)) });
  return { from: String(rounded.from), to: String(rounded.to) };
}

/** Returns the token of `#token=...`, as in the first address; null for any other fragment. */
export function tokenIn(hash: string): string | null {
  return /^#token=([^&]+)/.exec(hash)?.[1] ?? null;
}

/** Returns the place of the run `experiment/run`. */
export function runPlace(id: string, tab: RunTab = 'overview'): Place {
  const slash = id.indexOf('/');
  return { page: 'run', experiment: id.slice(0, slash), run: id.slice(slash + 1), tab };
}

/** Returns the place of the version `model:v3`; of the artifact for any other text. */
export function versionPlace(ref: string): Place {
  const at = ref.lastIndexOf(':');
  return at < 0 ? { page: 'artifacts', name: ref } : artifactPlace(ref.slice(0, at), ref.slice(at + 1));
}

/** An address may be cut anywhere: a part that does not decode is kept as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
