import { resolve } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { nodeFs } from '../storage/node-fs.js';
import { type OwnerWatch, watchOwner } from '../storage/owner-watch.js';
import { type Recovery, recoverRun } from '../writer/recovery/recover-run.js';
import { runFoldersIn } from '../reader/run-folders.js';
import { webhookFor } from '../model/webhook.js';
import { printable } from '../model/printable.js';
import { type CommandRun, type OptionsOf, codeAndMessageOf, exitCodeOf } from './command.js';
import type { RECOVER } from './command-options.js';
import { count, lossWithPlace, quantity } from './words.js';
import { ExitCode, type Terminal } from './terminal.js';

interface Failure {
  readonly runDir: string;
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
}

export const run: CommandRun<typeof RECOVER> = (paths, options, terminal) => {
  const folders = paths.flatMap((path) => runFoldersIn(nodeFs, resolve(path)));
  if (folders.length === 0)
    throw new ExpmanError('RUN_NOT_FOUND', `no run in ${printable(paths.join(', '))}`);
  return recoverAll(folders, options, terminal);
};

/** Watches the owners on other hosts, all at the same time. */
async function watchAll(folders: readonly string[], terminal: Terminal): Promise<OwnerWatch[]> {
  terminal.waiting('watching owners on other hosts for 15 s');
  const watches = await Promise.all(folders.map((runDir) => watchOwner(nodeFs, runDir)));
  terminal.clearProgress();
  return watches;
}

/** Recovers runs, each whatever happens to the others; returns the worst exit code. */
export async function recoverAll(
  folders: readonly string[],
  options: OptionsOf<typeof RECOVER>,
  terminal: Terminal,
): Promise<number> {
  const { json } = options;
  const webhook = webhookFor({ allowPrivate: options.allowPrivate === true });
  const watches = options.force === true ? await watchAll(folders, terminal) : [];
  const done: Recovery[] = [];
  const failed: Failure[] = [];
  for (const [index, runDir] of folders.entries()) {
    terminal.progress(`recovering run ${index + 1} of ${folders.length}`);
    try {
      const recovery = await recoverRun(nodeFs, runDir, watches[index], webhook);
      done.push(recovery);
      if (json !== true) print(recovery, terminal);
    } catch (error) {
      const code = error instanceof ExpmanError ? error.code : 'IO';
      failed.push({ runDir, code, message: codeAndMessageOf(error), exitCode: exitCodeOf(error) });
      terminal.complain(codeAndMessageOf(error));
    }
  }
  if (json === true)
    terminal.json({ recovered: done, failed: failed.map(({ exitCode: _exitCode, ...failure }) => failure) });
  const worst = failed.reduce<number>((code, { exitCode }) => Math.max(code, exitCode), ExitCode.ok);
  return worst === ExitCode.ok && done.some(({ corrupt, losses }) => corrupt.length > 0 || losses.length > 0)
    ? ExitCode.invalid
    : worst;
}

function print(recovery: Recovery, terminal: Terminal): void {
  const {
    runDir,
    changed,
    status,
    rows,
    replayedRows,
    tornBytes,
    corrupt,
    losses,
    malformed,
    takenBack,
    alertsSent,
  } = recovery;
  terminal.print(`${terminal.style('bold', printable(runDir))}  ${status}`);
  terminal.print(
    changed
      ? `  ${quantity(rows, 'rows are')} in metrics.parquet; the write-ahead log held ${count(replayedRows)}`
      : `  nothing to do: ${rows === 1 ? '' : 'all '}${quantity(rows, 'rows are')} in metrics.parquet`,
  );
  if (alertsSent > 0)
    terminal.print(`  ${quantity(alertsSent, 'alerts were')} sent that the run had left unsent`);
  if (tornBytes > 0) terminal.print(`  ${quantity(tornBytes, 'bytes at its end were an interrupted write')}`);
  if (takenBack.length > 0)
    terminal.print(
      `  restored (an older version of expman-rx had set them aside): ${printable(takenBack.join(', '))}`,
    );
  const warn = (text: string): void => terminal.print(terminal.style('red', `  ${text}`));
  if (corrupt.length > 0) warn(`corrupt, kept unchanged: ${printable(corrupt.join(', '))}`);
  for (const { file, message } of malformed) warn(`${printable(file)}: ${printable(message)}`);
  if (losses.length > 0) warn(`lost: ${lossWithPlace(losses)}`);
}
