import { cpus, freemem } from 'node:os';
import type { FsPort } from '../../storage/fs-port.js';
import { readProc } from '../../storage/read-proc.js';
import { type Figures, GpuProbe } from './gpu-probe.js';
import type { CallerFacts } from '../thread/writer-messages.js';

/** The state of the process and its machine at one moment. */
export interface SystemSample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly figures: Figures;
}

interface TimedSample extends SystemSample {
  readonly clock: number;
}

/** The CPU time used so far, with the time of the reading; ticks of a machine have no unit. */
interface CpuReading {
  readonly at: number;
  readonly processMs: number;
  readonly busyTicks: number;
  readonly allTicks: number;
}

/** The greatest age of a sample of another run that this run shares. */
const RECENT_MS = 1_000;
/** The age from which the caller thread's figures are out of date. */
const CALLER_MS = 1_500;

/**
 * Samples the process, its machine and the GPUs: once for all runs that request it at about the
 * same time.
 */
export class SystemSampler {
  private cpu: CpuReading;
  private last: TimedSample | null = null;
  /** The newest that began a run. */
  private first: TimedSample | null = null;
  private caller: (CallerFacts & { readonly clock: number }) | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly gpu = new GpuProbe(),
  ) {
    this.cpu = this.readCpu();
  }

  /** Receives the figures of the caller's thread. */
  callerSays(facts: CallerFacts): void {
    this.caller = { ...facts, clock: performance.now() };
  }

  /**
   * Returns the first sample of a run. CPU use is a difference, so it is in this sample only if
   * another run has just sampled; that of the second sample covers none of the time before this one.
   */
  begin(intervalMs: number): SystemSample {
    const clock = performance.now();
    if (clock - this.cpu.at > intervalMs) this.cpu = this.readCpu();
    const known = recentOf(this.last, clock, intervalMs) ?? recentOf(this.first, clock, intervalMs);
    return known ?? (this.first = { at: Date.now(), clock, figures: this.momentary(clock, intervalMs) });
  }

  /** Returns a sample that is at most half an interval, and at most a second, old. */
  sample(intervalMs: number): SystemSample {
    const clock = performance.now();
    const recent = recentOf(this.last, clock, intervalMs);
    if (recent !== null) return recent;
    const figures = [...this.cpuFigures(), ...this.momentary(clock, intervalMs)];
    this.last = { at: Date.now(), clock, figures };
    return this.last;
  }

  /** Figures that need no earlier reading. */
  private momentary(clock: number, intervalMs: number): Figures {
    return [
      ['memory.rss_bytes', process.memoryUsage.rss()],
      ['memory.system_free_bytes', freemem()],
      ...this.callerFigures(clock, intervalMs),
      ...this.gpu.latest(clock),
    ];
  }

  private cpuFigures(): Figures {
    const before = this.cpu;
    const now = (this.cpu = this.readCpu());
    const percentOf = (part: number, whole: number): number => (whole > 0 ? (100 * part) / whole : NaN);
    const figures: Figures = [
      ['cpu.process_percent', percentOf(now.processMs - before.processMs, now.at - before.at)],
      ['cpu.machine_percent', percentOf(now.busyTicks - before.busyTicks, now.allTicks - before.allTicks)],
    ];
    return figures.filter(([, value]) => Number.isFinite(value));
  }

  /**
   * The latest figures of the caller's thread; a thread too busy for its timers has sent none for
   * this interval.
   */
  private callerFigures(clock: number, intervalMs: number): Figures {
    const { caller } = this;
    if (caller === null || clock - caller.clock > intervalMs + CALLER_MS) return [];
    return [
      ['memory.heap_used_bytes', caller.heapUsedBytes],
      ['memory.external_bytes', caller.externalBytes],
      ['event_loop.utilization', caller.utilization],
      ['event_loop.delay_mean_ms', caller.delayMeanMs],
      ['event_loop.delay_max_ms', caller.delayMaxMs],
      ['gc.count', caller.gcCount],
      ['gc.pause_ms', caller.gcPauseMs],
      ['gc.pause_max_ms', caller.gcPauseMaxMs],
    ];
  }

  private readCpu(): CpuReading {
    const { user, system } = process.cpuUsage();
    const [busyTicks, allTicks] = ticksIn(readProc(this.fs, '/proc/stat')) ?? ticksOfProcessors();
    return { at: performance.now(), processMs: (user + system) / 1000, busyTicks, allTicks };
  }
}

const recentOf = (sample: TimedSample | null, clock: number, intervalMs: number): TimedSample | null =>
  sample !== null && clock - sample.clock < Math.min(intervalMs / 2, RECENT_MS) ? sample : null;

/**
 * Busy and all ticks of a machine, by the first line of Linux's /proc/stat; null for any other
 * text.
 */
export function ticksIn(stat: string | null): readonly [busy: number, all: number] | null {
  const [, line] = /^cpu +((?:\d+ ?)+)/.exec(stat ?? '') ?? [];
  if (line === undefined) return null;
  // user nice system idle iowait irq softirq steal; the time of guests is part of user and nice.
  // @bound loses nothing: the columns of /proc/stat that make up the busy share
  const ticks = line.trim().split(' ').slice(0, 8).map(Number);
  const all = ticks.reduce((sum, some) => sum + some, 0);
  return [all - (ticks[3] ?? 0) - (ticks[4] ?? 0), all];
}

function ticksOfProcessors(): readonly [busy: number, all: number] {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const { user, nice, sys, idle, irq } = times;
    busy += user + nice + sys + irq;
    all += user + nice + sys + irq + idle;
  }
  return [busy, all];
}
