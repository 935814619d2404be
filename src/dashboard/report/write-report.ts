import { resolve } from 'node:path';
import { writeNewFile } from '../../interop/output-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { openStoredRun } from '../../reader/stored-run.js';
import { collectReport } from './collect-report.js';
import { renderReport } from './render-report.js';

/** How a report is written. */
export interface ReportOptions {
  /** What heads it; default `runs`. */
  readonly title?: string;
  /** Told before each run how many are done. */
  readonly onRun?: (done: number) => void;
}

/**
 * Writes runs as one file of HTML that needs nothing else and can be mailed: the dashboard with what it shows inside.
 *
 * Curves are thinned to 2,000 points with their peaks, logs cut to their last 1,000 lines; images up to 1 MB are in it (16 MB in all), files are
 * not. Returns how many bytes it has.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` when something is at the path already, `IO`, and as reading a run does
 * @example
 * await writeReport(['./experiments/my_exp/20260101_120000'], './report.html');
 */
export async function writeReport(
  runDirs: readonly string[],
  path: string,
  { title = 'runs', onRun }: ReportOptions = {},
): Promise<number> {
  let bytes = 0;
  await writeNewFile(resolve(path), async (output) => {
    const facts = runDirs.map((runDir) => openStoredRun(nodeFs, resolve(runDir)).facts);
    const text = Buffer.from(renderReport(await collectReport(facts, title, onRun)));
    bytes = text.length;
    output.add(text);
  });
  return bytes;
}
