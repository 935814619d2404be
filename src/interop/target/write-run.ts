import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { formatLogLine } from '../../run/log-line.js';
import { LoggingEngine } from '../../engine/logging-engine.js';
import { ExpmanError } from '../../model/errors.js';
import type { ArtifactLink } from '../../model/artifact-links.js';
import { isArtifactType } from '../../model/artifact-manifest.js';
import { ExperimentConfig } from '../../model/experiment-config.js';
import { bareObject, isParamGroup, type Params } from '../../model/param-value.js';
import { redactNamed } from '../../model/redact-text.js';
import { quoted } from '../../model/printable.js';
import type { FileMode } from '../../model/experiment-options.js';
import type { RunFile } from '../../model/run-file.js';
import type { RunName } from '../../model/names.js';
import { RunStatus } from '../../model/run-status.js';
import { isInstant } from '../../model/stored-values.js';
import { nodeFs } from '../../storage/node-fs.js';
import { LOG_NAME } from '../../run/file-names.js';
import { amendRunFile } from '../../run/amend-run-file.js';
import type { Mapping } from '../../run/run-record.js';
import { linksWithRoom } from '../../writer/files/write-run-file.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import type { Finding } from '../exchange/findings.js';
import { isoOfMs, microsOf } from '../exchange/instants.js';
import { copyBelongings } from './copy-belongings.js';
import type { Destination, DraftRun } from './draft-run.js';
import type { ImportKey } from './earlier-imports.js';
import { freshDraft } from './fresh-draft.js';
import { logSummary } from './log-summary.js';
import { replaceWithFile } from './output-file.js';
import { corruptAt, kindAt } from '../source/source-files.js';
import { linesOf } from '../text/lines.js';

const ROWS_A_TURN = 10_000;
/**
 * @bound tells: the report of the import, run.log and run.yaml say what;
 * specs/interop/import-runs.spec.ts "says which of its tags and how much of its notes and group a
 * run has no room for"
 */
const LIMITS = { tags: 1000, tag: 128, notes: 65_536, group: 128 };

/** The source of a run. */
export interface Origin {
  /** The path it was read from. */
  readonly from: string;
  readonly format: string;
  /** What the run is known by when it is imported again; null if nothing is. */
  readonly key: ImportKey | null;
  /** Fails if a part of the source is damaged. */
  readonly strict: boolean;
}

/** A run that was written. */
export interface WrittenRun {
  readonly runDir: string;
  readonly run: RunName;
  readonly rows: number;
  /** Values that have no loggable type, are too large, or belong to too many metrics. */
  readonly invalid: number;
  readonly logLines: number;
  readonly params: number;
  readonly summary: number;
  /** Files among its artifacts. */
  readonly files: number;
  readonly media: number;
  /** Descriptions of what was left out; run.log and run.yaml list them, too. */
  readonly leftOut: readonly string[];
  /** Descriptions of what was guessed; in run.log and run.yaml, too. */
  readonly guessed: readonly string[];
  readonly status: RunStatus;
}

/** How a run is written that is made of others. */
export interface Writing {
  /** The work, for the messages of the run: `import`, `merge`. */
  readonly work: string;
  /** The action if a run of that name exists: an error, or a number that is appended to the name. */
  readonly whenTaken: 'fail' | 'suffix';
  /** The rights of its files. */
  readonly fileMode: FileMode;
  /**
   * Puts further files into its hidden folder, once its rows are written; returns what is to be said
   * in its log.
   */
  readonly fill?: (runDir: string) => Promise<readonly string[]>;
  /**
   * Changes its `run.yaml` once it is closed.
   *
   * @param told - what was left out and guessed, and if the rows have times
   */
  readonly amend: (file: Mapping, told: Told) => Mapping;
  /** The path that it is read from, for errors; with `strict` it fails if a part of that is damaged. */
  readonly from?: string;
  readonly strict?: boolean;
}

/**
 * Writes a run of another tool as one of ours, under its name or, if that is taken, with a suffix.
 *
 * @throws as {@link writeRunBy}
 */
export const writeRun = (source: ExchangeRun, to: Destination, origin: Origin): Promise<WrittenRun> =>
  writeRunBy(source, to, {
    ...{ work: 'import', whenTaken: 'suffix', fileMode: 'umask' },
    amend: (file, told) => ({ ...file, imported: redactNamed(importOf(source, to, origin, told)) }),
    ...{ from: origin.from, strict: origin.strict },
  });

/**
 * Writes a run in a hidden folder, and renames it once it is complete: whatever happens in between,
 * there is a whole run or none.
 *
 * @throws {@link ExpmanError} errors of the source or of writing; `RUN_EXISTS` if another process
 * has created a run of that name in the meantime
 */
export async function writeRunBy(
  source: ExchangeRun,
  to: Destination,
  writing: Writing,
): Promise<WrittenRun> {
  const fitting = fittingOf(source);
  const draft = await freshDraft(to, writing.whenTaken);
  try {
    const engine = new LoggingEngine(configOf(to, draft, fitting, writing), { isCopy: true });
    let written: Omit<WrittenRun, 'runDir' | 'run'>;
    try {
      engine.logParams(source.params);
      const links = linksOf(source);
      const refused = [...fitting.leftOut, ...logSummary(source, engine), ...links.leftOut];
      const times = await copyRows(source, engine);
      const belongings = await copyBelongings(source, engine);
      const findings = [...(source.findings?.() ?? []), ...timeFindings(source, times)];
      assertWhole(findings, writing);
      const textsOf = (...kinds: readonly Finding['kind'][]): string[] =>
        findings.filter(({ kind }) => kinds.includes(kind)).map(({ text }) => text);
      const leftOut = [...refused, ...textsOf('damaged', 'left out'), ...belongings.leftOut];
      const guessed = textsOf('guessed');
      for (const part of leftOut) engine.logger.warn(`the ${writing.work} left out ${part}`);
      for (const part of guessed) engine.logger.info(`the ${writing.work} guessed: ${part}`);
      const end = endOf(source, times);
      for (const remark of (await writing.fill?.(engine.runDir)) ?? []) engine.logger.warn(remark);
      const { rows, invalid, dropped } = await engine.close(end.status);
      assertTaken(dropped, draft.runDir);
      const { files, media } = belongings;
      const [params, summary] = [leavesIn(source.params), Object.keys(source.summary ?? {}).length];
      assertNotEmpty(source, rows + params + summary + files + media, leftOut, writing.from);
      const logLines = await writeLog(source, engine.runDir);
      const told = { leftOut, guessed, times: times.stated ? undefined : ('none' as const) };
      amendRunFile(nodeFs, engine.runDir, (file) => writing.amend({ ...file, ...links.facts, ...end }, told));
      written = {
        rows,
        invalid,
        logLines,
        params,
        summary,
        files,
        media,
        leftOut,
        guessed,
        status: end.status,
      };
    } catch (error) {
      await engine.close(RunStatus.Failed).catch(() => undefined);
      throw error;
    }
    await draft.place();
    return { runDir: draft.runDir, run: engine.runName, ...written };
  } finally {
    draft.discard();
  }
}

const configOf = (
  { experiment }: Destination,
  { baseDir, run: runName }: DraftRun,
  { tags, notes, group }: Fitting,
  { fileMode }: Writing,
): ExperimentConfig =>
  new ExperimentConfig(experiment, baseDir, {
    ...{ runName, environment: false, tags, notes, fileMode },
    ...(group !== '' && { group }),
    maxMetrics: 1_000_000,
  });

/**
 * The tags, notes and group of a source within a run's limits, and descriptions of what is left
 * out.
 */
interface Fitting {
  readonly tags: readonly string[];
  readonly notes: string;
  readonly group: string;
  readonly leftOut: readonly string[];
}

function fittingOf(source: ExchangeRun): Fitting {
  const leftOut: string[] = [];
  const within = (what: string, text: string, most: number): string => {
    if (text.length > most)
      leftOut.push(
        `the last ${text.length - most} of the ${text.length} characters of ${what}, which may have ${most}`,
      );
    return text.slice(0, most);
  };
  const given = source.tags.filter((tag) => tag !== '');
  const tags = given
    .slice(0, LIMITS.tags)
    .map((tag) => within(`the tag ${quoted(tag, 40)}`, tag, LIMITS.tag));
  if (given.length > tags.length)
    leftOut.push(
      `the last ${given.length - tags.length} of ${given.length} tags, of which a run may have ${LIMITS.tags}`,
    );
  const notes = within('the notes', source.notes, LIMITS.notes);
  const group = within('the group', source.group ?? '', LIMITS.group);
  return { tags, notes, group, leftOut };
}

/** @throws {@link ExpmanError} `CORRUPT` with `strict`, if a part of the source is damaged */
function assertWhole(findings: readonly Finding[], { from = '', strict = false }: Writing): void {
  const damaged = findings.filter(({ kind }) => kind === 'damaged');
  const [first] = damaged;
  if (!strict || first === undefined) return;
  const others = damaged.length > 1 ? ` (and ${damaged.length - 1} more)` : '';
  throw corruptAt(from, `it is not whole: ${first.text}${others}`);
}

/** @throws {@link ExpmanError} `CORRUPT` if nothing came of a source that is known by its rows only */
function assertNotEmpty(source: ExchangeRun, parts: number, leftOut: readonly string[], from = ''): void {
  if (source.table === undefined || parts > 0) return;
  // @bound loses nothing: nothing was imported, and an error names some of the reasons
  const why = leftOut.length === 0 ? '' : `; left out: ${leftOut.slice(0, 3).join('; ')}`;
  throw corruptAt(from, `there are no rows in it${why}`);
}

/** The number of parameters, with those in groups. */
const leavesIn = (params: Params): number =>
  Object.values(params).reduce<number>(
    (count, value) => count + (isParamGroup(value) ? leavesIn(value) : 1),
    0,
  );

/** The versions of artifacts that a source names, as run.yaml has room for, and what is left out. */
function linksOf({ loggedArtifacts = {}, usedArtifacts = {} }: ExchangeRun): {
  readonly facts: Params;
  readonly leftOut: readonly string[];
} {
  const valid = (links: Readonly<Record<string, ArtifactLink>>): Params =>
    Object.fromEntries(
      Object.entries(links).flatMap(([ref, { type, digest, at }]) =>
        isArtifactType(type) && isInstant(at) ? [[ref, { type, digest, at }]] : [],
      ),
    );
  const [logged, used] = [valid(loggedArtifacts), valid(usedArtifacts)];
  const given = Object.keys(loggedArtifacts).length + Object.keys(usedArtifacts).length;
  const facts = linksWithRoom({
    ...(Object.keys(logged).length > 0 && { loggedArtifacts: logged }),
    ...(Object.keys(used).length > 0 && { usedArtifacts: used }),
  });
  const kept = ['loggedArtifacts', 'usedArtifacts'].reduce(
    (sum, key) => sum + Object.keys(facts[key] ?? {}).length,
    0,
  );
  return {
    facts,
    leftOut:
      kept === given
        ? []
        : [`${given - kept} of ${given} versions of artifacts that the run has logged and used`],
  };
}

/** The times of the first and the last row, in milliseconds since the epoch. */
interface Times {
  first: number;
  last: number;
  /** True if a row has a time of its own, or there is no row. */
  stated: boolean;
}

/** A row needs a time: without one it gets that of the file. */
const timeFindings = ({ table }: ExchangeRun, { stated }: Times): Finding[] =>
  stated || table === undefined
    ? []
    : [{ kind: 'guessed', text: 'the rows have no times, and have got that of the file' }];

async function copyRows(source: ExchangeRun, engine: LoggingEngine): Promise<Times> {
  // A row without a timestamp gets that of the previous row.
  const modified = source.table === undefined ? null : isoOfMs(source.table.modifiedMs);
  let timestamp = Date.parse(source.startedAt ?? source.endedAt ?? modified ?? new Date().toISOString());
  const times: Times = { first: Infinity, last: -Infinity, stated: false };
  let rows = 0;
  for await (const row of source.rows()) {
    if (microsOf(row.timestamp) !== undefined) {
      timestamp = row.timestamp ?? timestamp;
      times.stated = true;
    }
    times.first = Math.min(times.first, timestamp);
    times.last = Math.max(times.last, timestamp);
    engine.metrics.next({ step: row.step ?? null, timestamp, values: row.values });
    // Yield to the event loop for other work, such as a signal to stop.
    if (++rows % ROWS_A_TURN === 0) await turn();
  }
  times.stated ||= rows === 0;
  return times;
}

function assertTaken(dropped: number, path: string): void {
  if (dropped === 0) return;
  const facts = { path, count: dropped };
  throw new ExpmanError('WRITE_FAILED', `${dropped} rows could not be written to ${path}`, facts);
}

/** Writes the source's lines with their own times, then the messages from writing the rows. */
async function writeLog(source: ExchangeRun, runDir: string): Promise<number> {
  const path = join(runDir, LOG_NAME);
  let lines = 0;
  await replaceWithFile(path, async (output) => {
    for await (const { level, message, meta, timestampMs } of source.log()) {
      output.add(formatLogLine(level, message, meta, timestampMs));
      lines++;
    }
    if (kindAt(path) === 'file') for (const { text } of linesOf(path)) output.add(`${text}\n`);
  });
  return lines;
}

/** The end of a run in run.yaml. */
type RunEnd = Pick<RunFile, 'status' | 'startedAt' | 'durationMs' | 'heartbeatAt'> & {
  readonly endedAt: string;
};

function endOf(source: ExchangeRun, { first, last }: Times): RunEnd {
  const known = [first, last].map((ms) => (Number.isFinite(ms) ? new Date(ms).toISOString() : null));
  const startedAt = source.startedAt ?? known[0] ?? source.endedAt ?? new Date().toISOString();
  const endedAt = source.endedAt ?? known[1] ?? startedAt;
  return {
    // A run that is written here is not continued by anyone.
    status: source.status === RunStatus.Running ? RunStatus.Interrupted : source.status,
    startedAt,
    endedAt,
    durationMs: Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)),
    heartbeatAt: endedAt,
  };
}

/** What a run says of how it was read. */
export interface Told {
  readonly leftOut: readonly string[];
  readonly guessed: readonly string[];
  readonly times: 'none' | undefined;
}

function importOf(
  source: ExchangeRun,
  { experiment, run }: Destination,
  { from, format, key }: Origin,
  { leftOut, guessed, times }: Told,
): Readonly<Record<string, unknown>> {
  const { id, parent, user, commit, name = source.run } = source.source ?? {};
  const facts = Object.entries({ id, parent, user, commit, times, key: key ?? undefined });
  return {
    from,
    format,
    at: new Date().toISOString(),
    ...bareObject(facts.filter(([, value]) => value !== undefined)),
    ...(leftOut.length > 0 && { leftOut }),
    ...(guessed.length > 0 && { guessed }),
    // Names that no folder can have.
    ...(source.experiment !== '' && source.experiment !== experiment && { experiment: source.experiment }),
    ...(name !== '' && name !== run && { run: name }),
  };
}
