import { type Subscription, bufferTime, defer, filter, map, timer } from 'rxjs';
import type { LogLine } from '../../run/log-line.js';
import { jsonText } from '../../model/json-text.js';
import { followLog } from '../../reader/follow-log.js';
import { followRows } from '../../reader/follow-rows.js';
import { readLogFile } from '../../reader/read-log.js';
import type { StoredRow } from '../../reader/select-rows.js';
import { nodeFs } from '../../storage/node-fs.js';
import { OwnerWatch, isOwned } from '../../storage/owner-watch.js';
import type { LiveLogs, LivePoints, LogLineAnswer } from '../api.js';
import { CurveBuilder } from './curve-builder.js';
import type { LiveNews, Watch } from './data-messages.js';

/** The interval at which new points are reported. */
const TELL_MS = 250;
/**
 * Points of a curve in one report; if more have come, those that a chart would show.
 *
 * @bound tells: a curve that is not exact says of how many values it is;
 * specs/dashboard/page/saved-charts.spec.ts "says that its lines are a sample, where they are, and
 * of how many values"
 */
const MAX_POINTS = 200;
/** @bound loses nothing: further lines are in the next message */
const MAX_LINES = 500;
/** The interval for checking whether a process has taken the run up again. */
const LOOK_MS = 1000;

/** Reports a run's news until stopped; a run that has ended may be taken up again. */
export class LiveRun {
  private readonly owner: OwnerWatch;
  private rows: Subscription | null = null;
  private lines: Subscription | null = null;
  private timer: NodeJS.Timeout | undefined;
  private metrics: ReadonlySet<string> = new Set();
  private isNew = true;

  constructor(
    private watch: Watch,
    private readonly post: (news: LiveNews) => void,
  ) {
    this.owner = new OwnerWatch(nodeFs, watch.place.runDir);
    this.change(watch);
    this.look();
    this.isNew = false;
  }

  /** Changes the parts that are reported. */
  change(watch: Watch): void {
    this.watch = watch;
    this.metrics = new Set(watch.metrics);
    if (!watch.logs) this.lines?.unsubscribe();
    else if (isGoing(this.rows)) this.followLines();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.rows?.unsubscribe();
    this.lines?.unsubscribe();
  }

  /** Follows the run while a process owns it. */
  private look(): void {
    try {
      if (isOwned(this.owner.look())) this.follow();
    } catch {
      // The run was deleted or cannot be read; the list reports that.
    }
    this.timer = setTimeout(() => {
      this.look();
    }, LOOK_MS);
  }

  // A follower that ended or failed is started again by the next check and no sooner: a run whose
  // files fail at once would take all the time.
  private follow(): void {
    if (this.watch.logs) this.followLines();
    if (isGoing(this.rows)) return;
    const { id, runDir } = this.watch.place;
    this.rows = followRows(nodeFs, runDir, { from: 'end', pollMs: TELL_MS / 2 })
      .pipe(
        bufferTime(TELL_MS),
        filter((rows) => rows.length > 0),
        map((rows) => this.pointsOf(rows)),
        filter(({ series }) => series.length > 0),
      )
      .subscribe({
        next: (points) => {
          this.post({ kind: 'points', ...points });
        },
        error: () => undefined,
      });
    // Rows logged before the run was seen alive (again) were missed. Reported once the follower has
    // its place, which it finds with the timer before this one.
    if (!this.isNew)
      timer(0).subscribe({
        complete: () => {
          this.post({ kind: 'reset', run: id });
        },
        error: () => undefined,
      });
  }

  // It completes by itself after the last line.
  private followLines(): void {
    if (isGoing(this.lines)) return;
    const { id, runDir } = this.watch.place;
    this.lines = defer(() => {
      const { end } = readLogFile(nodeFs, runDir, { last: 0 });
      return followLog(nodeFs, runDir, { pollMs: TELL_MS, from: end });
    })
      .pipe(
        bufferTime(TELL_MS, null, MAX_LINES),
        filter((lines) => lines.length > 0),
      )
      .subscribe({
        next: (lines) => {
          const answer: LiveLogs = {
            run: id,
            lines: lines.map(lineOf),
          };
          this.post({ kind: 'logs', run: id, text: jsonText(answer) });
        },
        error: () => undefined,
      });
  }

  private pointsOf(rows: readonly StoredRow[]): LivePoints {
    const series = [...this.metrics].flatMap((metric) => {
      const points: StoredRow[] = rows.filter(({ values }) => isNumber(values[metric]));
      if (points.length === 0) return [];
      const curve = new CurveBuilder(MAX_POINTS);
      for (const [at, { values }] of points.entries()) curve.add(at, Number(values[metric]));
      const { x, y, nonFinite, stretches, values, isExact } = curve.drawn();
      const kept = x.flatMap((at) => points[at] ?? []);
      return [
        {
          metric,
          step: kept.map(({ step }) => (step === null ? null : Number(step))),
          time: kept.map(({ timestamp }) => timestamp),
          ...{ value: y, nonFinite, stretches, values, isExact },
        },
      ];
    });
    return { run: this.watch.place.id, series };
  }
}

const isGoing = (subscription: Subscription | null): boolean => subscription?.closed === false;

const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';

/** A line without a timestamp, which no run writes, gets the time of its reading. */
const lineOf = ({ timestampMs, level, message, meta }: LogLine): LogLineAnswer => ({
  ...{ timestampMs: Number.isFinite(timestampMs) ? timestampMs : Date.now(), level, message },
  meta: { ...meta },
});
