import { resolve } from 'node:path';
import { MAX_TIMER_MS } from '../model/option-rules.js';
import { printable } from '../model/printable.js';
import { type StopResult, stopRunBy } from '../reader/stop-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CommandRun, UsageError, durationOption } from './command.js';
import type { STOP } from './command-options.js';
import { withoutFiles } from './find-runs.js';
import { LeftOut } from './left-out.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof STOP> = async (paths, options, terminal) => {
  const timeoutMs = durationOption(options, 'timeout', MAX_TIMER_MS);
  if (timeoutMs !== undefined && options.wait !== true)
    throw new UsageError('--timeout needs --wait: without it, nothing is waited for');
  const waitMs = options.wait === true ? (timeoutMs ?? Number.MAX_SAFE_INTEGER) : 0;
  const leftOut = new LeftOut(terminal);
  const stopped: StopResult[] = [];
  if (waitMs > 0) terminal.waiting('waiting for the end');
  // All are asked at once, so that they end at the same time.
  await Promise.all(
    withoutFiles(paths).map(async (path) => {
      const runDir = resolve(path);
      try {
        stopped.push(await stopRunBy(nodeFs, runDir, { reason: options.reason, waitMs }));
      } catch (error) {
        leftOut.add(runDir, error);
      }
    }),
  );
  terminal.clearProgress();
  if (options.json === true) terminal.json(stopped);
  else
    for (const { runDir, hasEnded } of stopped)
      terminal.print(`${printable(runDir)}  ${hasEnded ? 'has ended' : 'was asked to stop'}`);
  if (stopped.length === 0) leftOut.throwFirst();
  const isLate = options.wait === true && stopped.some(({ hasEnded }) => !hasEnded);
  return Math.max(leftOut.end(), isLate ? ExitCode.locked : ExitCode.ok);
};
