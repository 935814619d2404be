import { styleText } from 'node:util';
import { Subscription } from 'rxjs';
import type { LoggingEngine } from '../../engine/logging-engine.js';
import type { LiveStatus } from '../../model/live.js';
import {
  flag,
  hasMethod,
  invalidOption,
  milliseconds,
  REFUSED,
  rule,
  strings,
  withMethods,
} from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { type LineOptions, RunProgress, drawn } from './run-progress.js';
import { type ProgressStream, Screen } from './screen.js';

/** The part of a run that {@link progress} needs; without `health$` it shows no losses. */
export type ProgressRun<Name extends string = string> = Pick<LoggingEngine, 'runName' | 'live' | 'status$'> &
  Partial<Pick<LoggingEngine, 'health$'>> & { metric?(name: Name): unknown };

/** Options of {@link progress}. */
export interface ProgressOptions<Name extends string = string> {
  /**
   * The number of steps a run will have (or rows, for rows without a step); without it there is no
   * bar and no ETA. 0, NaN and Infinity, which empty or endless data gives, are an unknown total too;
   * a process warning says so.
   */
  readonly total?: number | null | undefined;
  /** The metrics to show; by default the first three with numbers. */
  readonly metrics?: readonly Name[] | undefined;
  /** The interval at which bars are drawn, in milliseconds; default 100. */
  readonly periodMs?: number | undefined;
  /**
   * The interval at which a line is printed without a terminal, in milliseconds; default 10,000.
   */
  readonly lineMs?: number | undefined;
  /** The stream to write to; default `process.stderr`. */
  readonly stream?: ProgressStream | undefined;
  /** Shows progress even if `NO_PROGRESS` or `CI` is set; default false. */
  readonly force?: boolean | undefined;
}

const LINE_RULES = {
  total: rule<number | null, number | null>('a number of steps from 0 up, or null', (value) => {
    if (value === null) return null;
    if (typeof value !== 'number' || value < 0) return REFUSED;
    if (value > 0 && value < Infinity) return value;
    warnOfTotal(value);
    return null;
  }),
  metrics: strings('an array of metric names'),
};
const LINE_OPTIONS = optionsTable<Pick<ProgressOptions, 'total' | 'metrics'>>()(LINE_RULES);
const OPTIONS = optionsTable<ProgressOptions>()({
  ...LINE_RULES,
  periodMs: milliseconds().byDefault(100),
  lineMs: milliseconds().byDefault(10_000),
  stream: withMethods<ProgressStream>('a stream to write to', 'write'),
  force: flag().byDefault(false),
});

/** Progress that is being shown. */
export interface Progress extends Disposable {
  /** Shows one more run. */
  add(run: ProgressRun, options?: Pick<ProgressOptions, 'total' | 'metrics'>): void;
  /** Ends it: removes the bars and leaves the last state of every run as a line. Idempotent. */
  stop(): void;
}

/**
 * Shows the progress of runs while they log, one line each: a bar, steps, rate, time left, losses,
 * metrics and status.
 *
 * The rate counts from the first step seen, so a resumed run shows its own speed.
 *
 * On a terminal the lines are redrawn every `periodMs`, below any other output; a run that is over
 * leaves its last line. Elsewhere a plain line is printed every `lineMs`. Nothing is shown if
 * `NO_PROGRESS` or `CI` is set in the environment, unless with `force`. It ends by itself with the
 * last run, does not keep the process alive, and costs the logging thread no more than
 * {@link LoggingEngine.live}.
 *
 * @throws ExpmanError `INVALID_OPTION`
 * @example
 * const run = new LoggingEngine(new ExperimentConfig('digits'));
 * progress(run, { total: 6_000, metrics: ['loss', 'accuracy'] });
 */
export function progress<Name extends string = string>(
  runs: ProgressRun<Name> | readonly ProgressRun<Name>[],
  options: ProgressOptions<NoInfer<Name>> = {},
): Progress {
  const shown = new ShownProgress(resolved(options));
  const all = [runs].flat();
  all.forEach(mustBeRun);
  for (const run of all) shown.add(run);
  return shown;
}

interface Resolved {
  readonly line: LineOptions;
  readonly periodMs: number;
  readonly lineMs: number;
  readonly stream: ProgressStream;
  readonly look: 'bars' | 'lines' | 'none';
}

class ShownProgress implements Progress {
  private readonly lines = new Map<ProgressRun, { readonly run: RunProgress; readonly tap: Subscription }>();
  private readonly screen: Screen;
  private timer: NodeJS.Timeout | undefined;
  private shownAt = -Infinity;
  private readonly atExit = (): void => this.stop();

  constructor(private readonly options: Resolved) {
    const { stream } = options;
    // Both write to the same terminal.
    const others =
      stream === process.stderr || stream === process.stdout ? [process.stdout, process.stderr] : [];
    this.screen = new Screen(
      stream,
      others.filter(({ isTTY }) => isTTY),
    );
  }

  add(run: ProgressRun, options: Pick<ProgressOptions, 'total' | 'metrics'> = {}): void {
    mustBeRun(run);
    const own = LINE_OPTIONS.resolve(options);
    const { look, line, periodMs } = this.options;
    if (look === 'none' || this.lines.has(run)) return;
    const shown = new RunProgress(run.runName, {
      total: own.total === undefined ? line.total : own.total,
      metrics: own.metrics ?? line.metrics,
    });
    const tap = new Subscription();
    this.lines.set(run, { run: shown, tap });
    if (this.timer === undefined) {
      this.timer = setInterval(() => this.show(), this.interval()).unref();
      process.on('exit', this.atExit);
    }
    tap.add(
      run.live(periodMs).subscribe({
        next: (snapshot) => {
          shown.add(snapshot);
          // In a loop that never yields no timer fires.
          if (performance.now() - this.shownAt >= this.interval()) this.show();
        },
        error: () => this.over(run),
      }),
    );
    tap.add(
      run.health$?.subscribe({
        next: (health) => (shown.losses = health),
        error: () => undefined,
      }),
    );
    tap.add(
      run.status$.subscribe({
        next: (status) => {
          shown.status = status;
          if (shown.isOver) this.over(run);
        },
        error: () => this.over(run),
      }),
    );
  }

  stop(): void {
    for (const run of [...this.lines.keys()]) this.over(run);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  private interval(): number {
    return this.options.look === 'bars' ? this.options.periodMs : this.options.lineMs;
  }

  private show(): void {
    this.shownAt = performance.now();
    const { columns, rows } = this.screen;
    const texts = [...this.lines.values()].map(({ run }) => this.lineText(run, columns));
    if (this.options.look === 'lines') for (const text of texts) this.options.stream.write(`${text}\n`);
    else if (texts.length <= rows) this.screen.draw(texts);
    else this.screen.draw([...texts.slice(0, rows - 1), `... and ${texts.length - rows + 1} more`]);
  }

  /** Ends the line of a run, which stays on the screen; the last run ends everything. */
  private over(key: ProgressRun): void {
    const line = this.lines.get(key);
    if (line === undefined) return;
    this.lines.delete(key);
    line.tap.unsubscribe();
    const text = this.lineText(line.run, this.screen.columns);
    if (this.options.look === 'lines') this.options.stream.write(`${text}\n`);
    else {
      this.screen.print(text);
      this.show();
    }
    if (this.lines.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.screen.leave();
    process.removeListener('exit', this.atExit);
  }

  private lineText(run: RunProgress, columns: number): string {
    const line = run.line();
    const word = statusWord(run.status);
    if (this.options.look === 'lines') return [line.name, ...line.words, word].join('  ');
    const text = drawn(line, columns - word.length - 2);
    return `${text}  ${coloured(run.status, word)}`;
  }
}

let isTotalTold = false;

function warnOfTotal(total: number): void {
  if (!isTotalTold)
    process.emitWarning(`progress has total ${total}, so it shows no bar and no time left`, 'ExpmanWarning');
  isTotalTold = true;
}

function statusWord(status: LiveStatus): string {
  switch (status.kind) {
    case 'running':
      return 'RUNNING';
    case 'degraded':
      return `DEGRADED ${status.why.code}`;
    case 'closing':
      return 'CLOSING';
    case 'closed':
      return status.summary.status;
    case 'unwritten':
      return `UNWRITTEN ${status.error.code}`;
    default:
      return status satisfies never;
  }
}

function coloured(status: LiveStatus, word: string): string {
  if ((process.env['NO_COLOR'] ?? '') !== '') return word;
  if (status.kind === 'running') return styleText('cyan', word);
  if (status.kind === 'closed' && status.summary.status === 'FINISHED') return styleText('green', word);
  return styleText(status.kind === 'closed' || status.kind === 'unwritten' ? 'red' : 'yellow', word);
}

function mustBeRun(run: unknown): void {
  const isRun =
    hasMethod(run, 'live') && hasMethod(Reflect.get(Object(run) as object, 'status$'), 'subscribe');
  if (!isRun) throw invalidOption('run', 'a run, such as a LoggingEngine', run);
}

function resolved(options: ProgressOptions): Resolved {
  const { total, metrics, periodMs, lineMs, stream = process.stderr, force } = OPTIONS.resolve(options);
  const asked = (name: string): boolean => !['', '0', 'false', undefined].includes(process.env[name]);
  const hidden = !force && (asked('NO_PROGRESS') || asked('CI'));
  const drawable = stream.isTTY === true && process.env['TERM'] !== 'dumb';
  return {
    line: { total: total ?? null, metrics: metrics ?? null },
    periodMs,
    lineMs,
    stream,
    look: hidden ? 'none' : drawable ? 'bars' : 'lines',
  };
}
