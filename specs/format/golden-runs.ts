import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const GOLDEN = new URL('../faults/golden/', import.meta.url);

/** A run that an earlier version wrote, or two of them between them. */
export interface GoldenRun {
  /** The file it is in, below `specs/faults/golden`. */
  readonly golden: string;
  readonly run: string;
}

/** Every golden run. */
export const GOLDEN_RUNS: readonly GoldenRun[] = [
  ...['closed', 'cut-off'].map((run) => ({ golden: '0.1.0.json', run })),
  ...['resumed-by-old', 'recovered-by-old', 'closed-by-old', 'killed-under-old'].map((run) => ({
    golden: 'between-versions/0.1.0.json',
    run,
  })),
  ...['cut-off', 'torn', 'damaged', 'headless', 'lost-segment', 'closed', 'rewinding', 'rewound'].map(
    (run) => ({ golden: 'vectors/format-2.json', run }),
  ),
  ...['cut-off', 'damaged', 'closed', 'odd'].map((run) => ({ golden: 'vectors/summaries.json', run })),
  ...['forked', 'resumed-since', 'checkpoints', 'checkpoints-rewinding'].map((run) => ({
    golden: 'vectors/forks.json',
    run,
  })),
  ...['cut-off', 'stop-of-another', 'closed', 'odd'].map((run) => ({ golden: 'vectors/alerts.json', run })),
  ...['pieces', 'ranks'].map((run) => ({ golden: 'vectors/merged.json', run })),
];

/** The name of the file that says what a reader must find in a golden run. */
export const expectedName = ({ golden, run }: GoldenRun): string =>
  `${golden.replace(/\.json$/, '').replaceAll('/', '-')}-${run}.json`;

/** Writes the files of a golden run, as if of long ago, and returns the run's folder. */
export function unpackGolden({ golden, run }: GoldenRun, into: string): string {
  const packed = JSON.parse(readFileSync(new URL(golden, GOLDEN), 'utf8')) as Readonly<
    Record<string, Readonly<Record<string, string>>>
  >;
  const runDir = join(into, 'golden', run);
  for (const [name, text] of Object.entries(packed[run] ?? {})) {
    const path = join(runDir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(text, 'base64'));
    // The owner was on another host: its lock is dead once it is 15 s old.
    utimesSync(path, 1, 1);
  }
  return runDir;
}
