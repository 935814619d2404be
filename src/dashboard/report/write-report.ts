import { callback, flag, invalidOption, resolvePath, string } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { replaceWithFile, writeNewFile } from '../../interop/target/output-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { openStoredRun } from '../../reader/stored-run.js';
import { collectReport } from './collect-report.js';
import { renderReport } from './render-report.js';

/** Options of {@link writeReport}. */
export interface ReportOptions {
  /** The report's heading; default `runs`. */
  readonly title?: string | undefined;
  /** True to replace an existing file; default false. */
  readonly force?: boolean | undefined;
  /** Called before each run with the number of runs done. */
  readonly onRun?: ((done: number) => void) | undefined;
}

const OPTIONS = optionsTable<ReportOptions>()({
  title: string().byDefault('runs'),
  force: flag().byDefault(false),
  onRun: callback<(done: number) => void>(),
});

/**
 * Writes runs as one self-contained HTML file that can be mailed: the dashboard with its data
 * inside.
 *
 * Curves are thinned to 2,000 points with their peaks, logs cut to their last 1,000 lines; images
 * up to 1 MB are included (16 MB in all), files are not. Resolves with its size in bytes.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, also when the path exists already, `IO`, and as
 * reading a run does
 * @example
 * await writeReport(['./experiments/my_exp/20260101_120000'], './report.html');
 */
export async function writeReport(
  runDirs: readonly string[],
  path: string,
  options: ReportOptions = {},
): Promise<number> {
  const folders = foldersOf(runDirs);
  const target = resolvePath('path', path);
  const { title, force, onRun } = OPTIONS.resolve(options);
  let bytes = 0;
  const write = force ? replaceWithFile : writeNewFile;
  await write(target, async (output) => {
    const facts = folders.map((runDir) => openStoredRun(nodeFs, runDir).facts);
    const text = Buffer.from(renderReport(await collectReport(facts, title, onRun)));
    bytes = text.length;
    output.add(text);
  });
  return bytes;
}

function foldersOf(runDirs: unknown): string[] {
  if (!Array.isArray(runDirs)) throw invalidOption('runDirs', 'an array of folders of runs', runDirs);
  return runDirs.map((runDir) => resolvePath('runDirs', runDir));
}
