import {
  EMPTY,
  type Observable,
  type ObservableInput,
  catchError,
  concat,
  concatMap,
  defer,
  finalize,
  from,
  map,
  mergeMap,
  of,
  retry,
  tap,
  timeout,
  timer,
} from 'rxjs';
import type { LoggingEngine } from '../engine/logging-engine.js';
import { messageOf } from '../model/errors.js';
import {
  callback,
  integer,
  invalidOption,
  milliseconds,
  ruleOf,
  withMethods,
} from '../model/option-rules.js';
import { optionsTable } from '../model/options-table.js';
import { isError } from '../model/realms.js';
import { quantity } from '../pure/quantity.js';
import { openStoredRun } from '../reader/stored-run.js';
import { nodeFs } from '../storage/node-fs.js';
import {
  type CaseRecord,
  type Score,
  TAKEN_NAMES,
  cutError,
  isScore,
  isTaken,
  readCases,
  rowOfCase,
} from './case-result.js';
import { CaseNames } from './case-names.js';
import { CaseTable } from './case-table.js';
import { summariseRun } from './summarise-run.js';

/** The run of an evaluation, in the thread that opened it. */
export type EvaluationRun = Pick<
  LoggingEngine,
  'runDir' | 'logMetrics' | 'logTable' | 'logger' | 'summary' | 'defineMetric' | 'lastStep'
>;

/** What a subject is told beside its case. */
export interface CaseContext {
  readonly index: number;
  readonly id: string;
  /** Aborted when the case takes too long, or the evaluation is unsubscribed from. */
  readonly signal: AbortSignal;
}

/** The thing to evaluate: a function from a case to an answer. */
export type Subject<C, O> = (item: C, context: CaseContext) => O | PromiseLike<O>;

/**
 * Judges an answer: a boolean says whether the case passes, a number is recorded; null means that it
 * has no score for this case.
 */
export type Scorer<C, O> = (output: O, item: C) => Score | null | PromiseLike<Score | null>;

/** Options of {@link evaluate}. */
export interface EvaluateOptions<C, O> {
  /** The run that the cases are logged to. */
  readonly run: EvaluationRun;
  /** Judges of each answer, by the name of their metric. */
  readonly scorers?: Readonly<Record<string, Scorer<C, O>>> | undefined;
  /** The number of cases that are asked at the same time, from 1 up; default 4. */
  readonly concurrency?: number | undefined;
  /** The longest time of one attempt, in milliseconds; none by default. */
  readonly timeoutMs?: number | undefined;
  /** How often a subject that throws, or takes too long, is asked again; default 0. */
  readonly retries?: number | undefined;
  /** The name of a case, by which it is found again; default its `id`, else its index. */
  readonly id?: ((item: C, index: number) => string) | undefined;
}

/** The result of one case. */
export interface CaseResult<O> extends CaseRecord {
  /** The answer; undefined for a case without one, and for one of an earlier session. */
  readonly output: O | undefined;
  /** True if the case was run in an earlier session of the run, and was not asked again. */
  readonly reused: boolean;
}

const OPTIONS = optionsTable<EvaluateOptions<never, never>>()({
  run: withMethods<EvaluationRun>(
    'a run, opened in this thread',
    'logMetrics',
    'summary',
    'logTable',
  ).required(),
  scorers: ruleOf(
    'an object of functions',
    (value): value is Readonly<Record<string, Scorer<never, never>>> =>
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).every((each) => typeof each === 'function'),
  ).byDefault({}),
  concurrency: integer(1).byDefault(4),
  timeoutMs: milliseconds(),
  retries: integer(0, 100).byDefault(0),
  id: callback<(item: never, index: number) => string>(),
});

/** The first pause before another attempt; each further one is twice as long. */
const PAUSE_MS = 250;
/** @bound loses nothing: the longest pause between two attempts */
const LONGEST_PAUSE_MS = 8000;
/**
 * Asks a subject about each case, judges its answers, and logs one row per case: `passed`,
 * `latency_ms`, each score, and `error`, with the case's index as step.
 *
 * Cold: it begins with the subscription, and another subscription begins again. Emits the results as
 * they come; an error of a subject or a scorer is a result. A case passes if it has an answer and no
 * scorer says false or throws. Inputs and outputs are kept in the logged tables `cases`, cut at
 * 4,000 characters, of at most 10,000 cases. When all cases are done, the run gets its summary (see
 * {@link summarise}), with `pass_rate` as its headline.
 *
 * A run that is resumed (`resume: 'allow'`) goes on: cases that it has a row of, those with an error
 * included, are not asked again, and are emitted as `reused`; if that is all of them, a process
 * warning says so. What a kill cuts off is at most the texts of the last second.
 *
 * @param cases - any source: an array, a generator, an Observable; `input` and `expected` of a case
 * are shown in the table. A case with the id of an earlier one gets `#2`, `#3` and so on after it
 * @throws {@link ExpmanError} `INVALID_OPTION`, also if a score has the name of another column
 * @example
 * const results$ = evaluate(cases, ({ input }) => model(input), {
 *   run,
 *   scorers: { exact: (output, { expected }) => output === expected },
 * });
 * results$.subscribe(({ id, passed }) => console.log(id, passed));
 */
export function evaluate<C, O>(
  cases: ObservableInput<C>,
  subject: Subject<C, O>,
  options: EvaluateOptions<C, O>,
): Observable<CaseResult<O>> {
  const cases$ = casesOf(cases);
  callback().check('subject', subject);
  const { run, concurrency, timeoutMs, retries } = OPTIONS.resolve(options);
  const { scorers = {}, id } = options;
  for (const name of Object.keys(scorers))
    if (name === '' || isTaken(name))
      throw invalidOption('scorers', `functions by names other than ${TAKEN_NAMES.join(', ')}`, name);
  return defer(() => {
    const table = new CaseTable(run);
    const names = new CaseNames();
    const results: CaseResult<O>[] = [];
    const asked = (item: C, index: number, name: string): Observable<CaseResult<O>> =>
      askCase(item, { index, id: name }, { subject, scorers, timeoutMs, retries }).pipe(
        tap((result) => {
          run.logMetrics(rowOfCase(result), index);
          table.add(result, textsOf(item, result.output));
        }),
      );
    const evaluated$ = from(earlierCases(run)).pipe(
      concatMap((earlier) =>
        cases$.pipe(
          map((item, index) => ({ item, index, name: names.distinct(nameOf(item, index, id)) })),
          mergeMap(({ item, index, name }) => {
            const known = earlier.get(name);
            return known === undefined
              ? asked(item, index, name)
              : of({ ...known, output: undefined, reused: true });
          }, concurrency),
        ),
      ),
      tap((result) => results.push(result)),
    );
    const finish$ = defer(() => {
      table.flush();
      summariseRun(run, results);
      noteReused(run, results);
      noteRepeated(run, names.repeated);
      return EMPTY;
    });
    return concat(evaluated$, finish$).pipe(finalize(() => table.flush()));
  });
}

/** Returns the cases that earlier sessions of a run have rows of. */
async function earlierCases(run: EvaluationRun): Promise<ReadonlyMap<string, CaseRecord>> {
  return run.lastStep === null ? new Map() : readCases(openStoredRun(nodeFs, run.runDir));
}

/** Says how many cases were not asked; if none was, a warning: the subject may have changed since. */
function noteReused(run: EvaluationRun, results: readonly { readonly reused: boolean }[]): void {
  const reused = results.filter((each) => each.reused).length;
  if (reused === 0) return;
  const message = `${reused} of ${results.length} cases taken from earlier sessions of ${run.runDir}`;
  run.logger.info(message);
  if (reused === results.length)
    process.emitWarning(`${message}, none was asked; to evaluate again, choose another runName`, {
      type: 'ExpmanWarning',
    });
}

/** Says how many cases had the id of an earlier one, and what they are called. */
function noteRepeated(run: EvaluationRun, repeated: number): void {
  if (repeated > 0)
    run.logger.warn(
      `${quantity(repeated, 'cases')} had the id of an earlier one, and got "#2" and so on after it`,
    );
}

/** Returns the stream of the cases; a text, which is a list of characters, is taken for a mistake. */
function casesOf<C>(cases: ObservableInput<C>): Observable<C> {
  try {
    if (typeof cases !== 'string') return from(cases);
  } catch {
    // What RxJS cannot observe.
  }
  throw invalidOption('cases', 'an array, a generator, an Observable or the like', cases);
}

function nameOf<C>(item: C, index: number, id: EvaluateOptions<C, never>['id']): string {
  if (id !== undefined) return id(item, index);
  const own: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, 'id') : undefined;
  return typeof own === 'string' || typeof own === 'number' ? String(own) : String(index);
}

function textsOf(item: unknown, output: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof item === 'object' && item !== null && 'input' in item;
  const expected: unknown = isRecord ? Reflect.get(item, 'expected') : undefined;
  return {
    input: isRecord ? item.input : item,
    output,
    ...(expected !== undefined && { expected }),
  };
}

interface Asking<C, O> {
  readonly subject: Subject<C, O>;
  readonly scorers: Readonly<Record<string, Scorer<C, O>>>;
  readonly timeoutMs: number | undefined;
  readonly retries: number;
}

/** Asks the subject about one case, again if need be, and judges its answer. */
function askCase<C, O>(
  item: C,
  known: { readonly index: number; readonly id: string },
  { subject, scorers, timeoutMs, retries }: Asking<C, O>,
): Observable<CaseResult<O>> {
  let attempts = 0;
  const attempt$ = defer(() => {
    attempts++;
    const abort = new AbortController();
    const begun = performance.now();
    return from(answerOf(() => subject(item, { ...known, signal: abort.signal }))).pipe(
      map((output) => ({ output, latencyMs: performance.now() - begun })),
      timeoutMs === undefined
        ? (same$) => same$
        : timeout({
            each: timeoutMs,
            with: () => {
              throw tooLong(timeoutMs);
            },
          }),
      finalize(() => abort.abort()),
    );
  });
  return attempt$.pipe(
    retry({ count: retries, delay: (_error, count) => timer(pauseBefore(count)) }),
    concatMap(async ({ output, latencyMs }): Promise<CaseResult<O>> => {
      const { scores, error } = await scoresOf(output, item, scorers);
      const passed = error === null && !Object.values(scores).includes(false);
      return { ...known, passed, latencyMs, scores, error, attempts, output, reused: false };
    }),
    catchError((error: unknown) =>
      of({
        ...known,
        ...{ passed: false, latencyMs: null, scores: {}, error: errorText(error), attempts },
        ...{ output: undefined, reused: false },
      }),
    ),
  );
}

/** Calls a function; what it throws at once is a rejection. */
const answerOf = async <O>(ask: () => O | PromiseLike<O>): Promise<O> => ask();

/** Judges an answer by all scorers; the first error counts, and the other scores are kept. */
async function scoresOf<C, O>(
  output: O,
  item: C,
  scorers: Readonly<Record<string, Scorer<C, O>>>,
): Promise<{ readonly scores: Record<string, Score>; readonly error: string | null }> {
  const scores: Record<string, Score> = {};
  let error: string | null = null;
  for (const [name, judge] of Object.entries(scorers))
    try {
      const score: unknown = await judge(output, item);
      if (score === null) continue;
      if (!isScore(score))
        throw new TypeError(`a score must be a number, a boolean or null, not ${typeof score}`);
      scores[name] = score;
    } catch (thrown) {
      error ??= cutError(`scorer ${name}: ${errorText(thrown)}`);
    }
  return { scores, error };
}

const pauseBefore = (attempt: number): number => Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (attempt - 1));

const tooLong = (ms: number): Error =>
  Object.assign(new Error(`no answer within ${ms} ms`), { name: 'TimeoutError' });

const errorText = (error: unknown): string =>
  cutError(isError(error) ? `${error.name}: ${error.message}` : messageOf(error));
