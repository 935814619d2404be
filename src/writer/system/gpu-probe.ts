import { errnoOf } from '../../model/errors.js';
import { outputOf } from './output-of.js';

const EVERY_MS = 10_000;
const TIMEOUT_MS = 5_000;
/**
 * @bound loses nothing: nvidia-smi prints less than 200 bytes per GPU; a program that prints more
 * is another one
 */
const MAX_BYTES = 64 * 1024;
/** The number of consecutive failures after which the probe gives up. */
const PATIENCE = 3;
const MIB = 1024 * 1024;

/** The figures: the field to query, its name and its factor. */
const FIGURES: readonly (readonly [query: string, name: string, factor: number])[] = [
  ['utilization.gpu', 'utilization_percent', 1],
  ['memory.used', 'memory_used_bytes', MIB],
  ['temperature.gpu', 'temperature_celsius', 1],
  ['power.draw', 'power_watts', 1],
];
const ARGS = [
  `--query-gpu=${['index', ...FIGURES.map(([query]) => query)].join(',')}`,
  '--format=csv,noheader,nounits',
];

/** Figures with their columns. */
export type Figures = readonly (readonly [column: string, value: number])[];

/**
 * The figures of the GPUs by `nvidia-smi`, which is slow and is run every ten seconds at most; a
 * machine without it has none.
 */
export class GpuProbe {
  private figures: Figures = [];
  private readAt = -Infinity;
  private askedAt = -Infinity;
  private failures = 0;
  private asking = false;

  constructor(private readonly program = 'nvidia-smi') {}

  /** Returns the last figures, if they are not too old, and requests newer ones. */
  latest(now: number): Figures {
    if (!this.asking && this.failures < PATIENCE && now - this.askedAt >= EVERY_MS) {
      this.askedAt = now;
      void this.ask();
    }
    return now - this.readAt < 2 * EVERY_MS + TIMEOUT_MS ? this.figures : [];
  }

  private async ask(): Promise<void> {
    this.asking = true;
    try {
      const output = await outputOf(this.program, ARGS, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
      this.figures = figuresIn(output);
      this.readAt = performance.now();
      this.failures = 0;
    } catch (error) {
      this.failures = errnoOf(error) === 'ENOENT' ? PATIENCE : this.failures + 1;
    } finally {
      this.asking = false;
    }
  }
}

/** Parses the output of `nvidia-smi`, one line per GPU; unknown figures (`[N/A]`) are left out. */
export function figuresIn(output: string): Figures {
  return output.split('\n').flatMap((line) => {
    const [index = '', ...cells] = line.split(',').map((part) => part.trim());
    if (!/^\d{1,3}$/.test(index)) return [];
    return FIGURES.flatMap(([, name, factor], at): Figures => {
      const cell = cells[at] ?? '';
      return /^\d+(?:\.\d+)?$/.test(cell) ? [[`gpu.${Number(index)}.${name}`, Number(cell) * factor]] : [];
    });
  });
}
