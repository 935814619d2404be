import { messageOf } from '../../model/errors.js';
import { decodeParams, encodeParams } from '../../model/params.js';
import { isRunStatus } from '../../model/run-status.js';
import type { ExchangeRun, ExchangeSession } from './exchange-run.js';
import { isoOf } from './instants.js';
import type { MetricField, MetricType } from './metric-fields.js';
import { summaryFrom, summaryJson } from './summary-json.js';
import { corruptAt, isMapping, textOr, textsOf } from '../source/source-files.js';

/** The facts of a run before its rows: an {@link ExchangeRun} without `rows` and `log`. */
export type RunHeader = Omit<ExchangeRun, 'rows' | 'log' | 'fields'> & {
  readonly fields: readonly MetricField[];
};

const VERSION = 1;
const TYPES: readonly MetricType[] = ['DOUBLE', 'INT64', 'BOOLEAN', 'UTF8'];
// A name may contain control characters; a file of ASCII only passes unchanged through tools that
// alter others.
const BEYOND_ASCII = /[\u007f-\uffff]/g;

/**
 * Writes a run's header as members of a JSON object, ASCII only:
 * `"format":…,"version":1,"run":{…},"params":{…},"fields":[…]`.
 * `"sessions":[{"session":0,"firstRow":0},…]` assigns the rows to sessions of the run, if there
 * were several; `"summary":{…}`, `"headline":[…]`, `"definitions":{…}`, `"loggedArtifacts":{…}` and `"usedArtifacts":{…}` are written as far as the
 * run has them.
 *
 * `params` is written by `encodeParams`: a number that JSON cannot express is `{"$number":"NaN"}`,
 * a bigint `{"$bigint":"12"}`.
 */
export function headerMembers(format: string, run: ExchangeRun, fields: readonly MetricField[]): string {
  const { experiment, run: name, status, startedAt, endedAt, tags, notes, group } = run;
  const facts = { experiment, run: name, status, startedAt, endedAt, tags, notes, group };
  const columns = fields.map(({ metric, name, type, mixed = false }) => ({
    name,
    type,
    ...(metric !== name && { metric }),
    ...(mixed && { mixed }),
  }));
  const members = [
    `"format":${JSON.stringify(format)}`,
    `"version":${VERSION}`,
    `"run":${JSON.stringify(facts)}`,
    `"params":${encodeParams(run.params)}`,
    ...(run.sessions === undefined ? [] : [`"sessions":${JSON.stringify(run.sessions)}`]),
    ...Object.entries(summaryJson(run)).map(([name, json]) => `"${name}":${JSON.stringify(json)}`),
    `"fields":${JSON.stringify(columns)}`,
  ].join(',');
  return members.replace(BEYOND_ASCII, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Parses the header that {@link headerMembers} wrote, from parsed JSON.
 *
 * @throws ExpmanError `CORRUPT` for anything else
 */
export function headerFrom(json: unknown, path: string, line?: number): RunHeader {
  const wrong = (what: string): Error => corruptAt(path, `invalid header: ${what}`, line);
  if (!isMapping(json)) throw wrong('it is not an object');
  if (json['version'] !== VERSION) throw wrong(`the version is not ${VERSION}`);
  const { run, params, fields, sessions } = json;
  if (!isMapping(run)) throw wrong('it has no run');
  const { status, group } = run;
  if (!isRunStatus(status)) throw wrong('not a run status');
  return {
    experiment: textOr(run['experiment']),
    run: textOr(run['run']),
    status,
    startedAt: isoOf(run['startedAt']),
    endedAt: isoOf(run['endedAt']),
    tags: textsOf(run['tags']),
    notes: textOr(run['notes']),
    group: typeof group === 'string' ? group : null,
    params: decodeParams(JSON.stringify(params ?? {})),
    ...(sessions !== undefined && { sessions: sessionsFrom(sessions, wrong) }),
    ...summaryFrom(json),
    fields: fieldsFrom(fields, wrong),
  };
}

function sessionsFrom(json: unknown, wrong: (what: string) => Error): ExchangeSession[] {
  if (!Array.isArray(json)) throw wrong('the sessions are not a list');
  return json.map((each: unknown) => {
    const { session, firstRow } = isMapping(each) ? each : {};
    if (!Number.isSafeInteger(session) || !Number.isSafeInteger(firstRow))
      throw wrong('a session has no number or no first row');
    return { session: Number(session), firstRow: Number(firstRow) };
  });
}

function fieldsFrom(json: unknown, wrong: (what: string) => Error): MetricField[] {
  if (!Array.isArray(json)) throw wrong('it has no fields');
  const names = new Set(['step', 'timestamp']);
  const metrics = new Set<string>();
  return json.map((field: unknown): MetricField => {
    const { name, type, metric = name, mixed = false } = isMapping(field) ? field : {};
    const known = TYPES.find((word) => word === type);
    if (typeof name !== 'string' || typeof metric !== 'string' || known === undefined)
      throw wrong('a field has no name or type');
    if (names.has(name) || metrics.has(metric)) throw wrong(`the field ${JSON.stringify(name)} occurs twice`);
    names.add(name);
    metrics.add(metric);
    return { metric, name, type: known, ...(mixed === true && { mixed }) };
  });
}

/** Parses the header in a JSON text. */
export function headerOfText(text: string, path: string): RunHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw corruptAt(path, `its header is not valid JSON: ${messageOf(cause)}`);
  }
  return headerFrom(json, path);
}
