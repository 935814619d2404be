import { isDeepStrictEqual } from 'node:util';
import { someNames } from '../exchange/some-names.js';
import type { EventFolder } from './event-files.js';
import type { SessionFacts } from './hparams.js';
import { momentsOf, type ReadOptions } from './moments.js';
import type { RunPart } from './run-part.js';
import { type SurveyedFolder, surveyOf } from './surveyed-folder.js';

/** What of the folders below that of a run belongs to that run. */
export interface Folding {
  /** The names of the folders that are no runs of their own. */
  readonly folded: ReadonlySet<string>;
  readonly parts: readonly RunPart[];
  /** The sessions of `add_hparams`, and the survey of each. */
  readonly sessions: readonly SurveyedFolder[];
  /** The series of `add_scalars`. */
  readonly series: readonly SurveyedFolder[];
  /** Names of folders with sessions of `add_hparams` that differ: they are runs of a group. */
  readonly grouped: ReadonlySet<string>;
  /** Descriptions of what was guessed. */
  readonly guessed: readonly string[];
}

const NOTHING: Folding = {
  folded: new Set(),
  parts: [],
  sessions: [],
  series: [],
  grouped: new Set(),
  guessed: [],
};

/**
 * Finds out which folders below that of a run hold parts of it. `SummaryWriter` of PyTorch and of
 * tensorboardX opens further writers in sub-folders: `add_scalars` one for each of its series,
 * `add_hparams` one for the parameters and the final metrics.
 *
 * @param below - all folders below, each before those in it
 */
export async function foldingOf(
  { folder, survey }: SurveyedFolder,
  below: readonly EventFolder[],
  onCorrupt: ReadOptions['onCorrupt'],
): Promise<Folding> {
  if (below.length === 0 || survey.record !== null) return NOTHING;
  const takesSession = survey.session.params === undefined;
  const metrics = new Set(survey.types.fields.map(({ name }) => name));
  const series: SurveyedFolder[] = [];
  const sessions: SurveyedFolder[] = [];
  const parts: RunPart[] = [];
  let apart: string | null = null;
  for (const child of below) {
    // What is below a run of its own is no part of this one.
    if (apart !== null && child.name.startsWith(apart)) continue;
    const path = folder.name === '' ? child.name : child.name.slice(folder.name.length + 1);
    const found = await partAt(child, path, onCorrupt);
    const name = found?.kind === 'series' ? found.metric : null;
    if (found === null || (name === null ? !takesSession : metrics.has(name))) {
      apart = `${child.name}/`;
      continue;
    }
    if (name === null) sessions.push(found.part);
    else {
      metrics.add(name);
      series.push(found.part);
      parts.push({ files: child.files, restarts: found.part.restarts, nameOf: () => name });
    }
  }
  const isOne = sessions.every(({ survey: { session } }) =>
    isDeepStrictEqual(session.params, sessions[0]?.survey.session.params),
  );
  const taken = isOne ? sessions : [];
  // A final metric that has the name of another one would be taken for its last value.
  const nameOf = (metric: string): string | null => (metrics.has(metric) ? null : metric);
  return {
    folded: new Set([...series, ...taken].map((part) => part.folder.name)),
    parts: [
      ...parts,
      ...taken.map(({ folder: { files }, restarts }) => ({ ...{ files, restarts }, nameOf })),
    ],
    sessions: taken,
    series,
    grouped: new Set(isOne ? [] : sessions.map((part) => part.folder.name)),
    guessed: [
      ...told(series, 'a series of add_scalars, which is a metric of the run'),
      ...told(taken, 'the parameters of add_hparams, which are those of the run'),
    ],
  };
}

const told = (parts: readonly SurveyedFolder[], what: string): string[] =>
  parts.length === 0 ? [] : [`${someNames(parts.map(({ folder }) => folder.name))}: ${what}`];

type Found =
  | { readonly kind: 'series'; readonly metric: string; readonly part: SurveyedFolder }
  | { readonly kind: 'session'; readonly part: SurveyedFolder };

/** Returns what a folder is a part of a run as; null for a run of its own. */
async function partAt(
  folder: EventFolder,
  path: string,
  onCorrupt: ReadOptions['onCorrupt'],
): Promise<Found | null> {
  const first = await firstOf(folder);
  if (first === null || (first !== 'session' && seriesIn(path, first) === null)) return null;
  const part = await surveyOf(folder, onCorrupt);
  const { survey } = part;
  const { types, session, record, lineCount, mediaCount, omissions } = survey;
  if (record !== null || lineCount + mediaCount + omissions.length > 0) return null;
  const names = types.fields.map(({ name }) => name);
  if (first === 'session') {
    const isFinal = names.every((name) => (session.metrics ?? []).includes(name) && survey.hasOne(name));
    return session.params !== undefined && isFinal ? { kind: 'session', part } : null;
  }
  const key = seriesIn(path, first);
  const isOne = names.length === 1 && session.params === undefined;
  return key !== null && isOne ? { kind: 'series', metric: `${first}/${key}`, part } : null;
}

/** Returns the first that a folder says: the name of a metric, or that it has a session. */
async function firstOf({ files }: EventFolder): Promise<string | null> {
  try {
    for await (const { meanings } of momentsOf(files, { onCorrupt: 'throw' })) {
      const [first] = meanings;
      if (first !== undefined)
        return first.kind === 'metric' ? first.name : first.kind === 'session' ? 'session' : null;
    }
  } catch {
    // Its own import says why.
  }
  return null;
}

/**
 * Returns the key of a series by the path of its folder and its tag: tensorboardX names the folder
 * `tag/key`, PyTorch `tag_key`, with `_` for each `/` in the tag.
 */
function seriesIn(path: string, tag: string): string | null {
  const flat = `${tag.replaceAll('/', '_')}_`;
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
    if (cleanTag(path.slice(0, at)) === cleanTag(tag) && at + 1 < path.length) return path.slice(at + 1);
  return path.startsWith(flat) && path.length > flat.length ? path.slice(flat.length) : null;
}

/** Does what tensorboardX does to a tag, but not to the folder. */
const cleanTag = (tag: string): string => tag.replace(/[^-/\w.]/g, '_').replace(/^\/+/, '');

/** Joins what the sessions of a run say: they have the same parameters. */
export const sessionOf = (sessions: readonly SurveyedFolder[]): SessionFacts =>
  Object.assign({}, ...sessions.map(({ survey }) => survey.session)) as SessionFacts;
