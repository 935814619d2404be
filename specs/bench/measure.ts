import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import type { Guard } from './guard.js';

/** One line of the table: what was measured, and what came out. */
export interface Figure {
  readonly what: string;
  readonly figure: string;
  /** The bound the project set itself, where it has one. */
  readonly bound?: string;
  /** What `--check` compares with the committed table: ratios within one run, or what no machine changes. */
  readonly guards?: readonly Guard[];
}

/** A thing to measure, in a process of its own. */
export interface BenchCase {
  readonly title: string;
  /** Measures and returns lines for the table; `quick` asks for a hundredth of the work, to see that it runs. */
  readonly run: (quick: boolean) => Promise<readonly Figure[]>;
}

/** The middle value; of an even number of values the greater of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** The value below which `share` of the sorted values lie. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Runs something with a folder that is removed afterwards. */
export async function inTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'expman-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens a run with the default options, but for what is said; the surroundings are not looked at. */
export function openRun(folder: string, options: ExperimentOptions = {}): LoggingEngine {
  return new LoggingEngine(new ExperimentConfig('bench', folder, { environment: false, ...options }));
}

const RANDOM = Float64Array.from({ length: 1 << 16 }, () => Math.random());

/** A random-looking double between 0 and 1, for less than a nanosecond. */
export const randomAt = (index: number): number => RANDOM[index & 0xffff] ?? 0;

/** The most memory this process ever had, in megabytes. */
export const peakMegabytes = (): number => process.resourceUsage().maxRSS / 1024;

/** The memory this process has, in megabytes. */
export const residentMegabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

/** Bytes this process has handed to `write`, from the kernel's own count; NaN where there is none. */
export function bytesWritten(): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? NaN);
  } catch {
    return NaN;
  }
}

export const millions = (rowsPerSecond: number): string => `${(rowsPerSecond / 1e6).toFixed(2)} M rows/s`;
export const nanoseconds = (ns: number): string => `${ns.toFixed(ns < 100 ? 1 : 0)} ns`;
export const times = (ratio: number): string => `${ratio.toFixed(2)} x`;
