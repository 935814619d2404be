import { mkdirSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { gate, type GateResult } from '../evaluate/gate.js';
import { gateJUnit, gateMarkdown } from '../evaluate/gate-report.js';
import { replaceWithFile } from '../interop/target/output-file.js';
import { ExpmanError, errnoOf, messageOf } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { type CommandRun, UsageError, numberOption } from './command.js';
import type { GATE } from './command-options.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { valueText } from './words.js';

export const run: CommandRun<typeof GATE> = async ([runDir = ''], options, terminal) => {
  const { metric, goal, baseline } = options;
  if (metric === undefined) throw new UsageError('--metric is missing');
  if (goal !== undefined && goal !== 'min' && goal !== 'max')
    throw new UsageError(`--goal must be min or max; got ${JSON.stringify(goal)}`);
  if (options.json === true && options.markdown === true)
    throw new UsageError('--markdown and --json cannot be combined; choose one of them');
  const min = numberOption(options, 'min', { isInteger: false });
  const max = numberOption(options, 'max', { isInteger: false });
  const maxDrop = numberOption(options, 'maxDrop', { min: 0, isInteger: false });
  if (min === undefined && max === undefined && maxDrop === undefined)
    throw new UsageError('--min, --max or --max-drop is missing');
  if ((maxDrop === undefined) !== (baseline === undefined))
    throw new UsageError('--max-drop and --baseline belong together; one of them is missing');
  if (min !== undefined && max !== undefined && min > max)
    throw new UsageError(`--max must be at least --min, which is ${min}; got ${max}`);
  const result = await gate(runDir, { metric, min, max, maxDrop, baseline, goal, tag: options.tag });
  // Before the output: its reader may have seen enough. After it, the verdict has been said.
  const unwritten = options.junit === undefined ? null : await writeJUnit(resolve(options.junit), result);
  if (options.json === true) terminal.json(result);
  else if (options.markdown === true) terminal.print(gateMarkdown(result));
  else print(result, terminal);
  if (result.tagProblem !== null)
    terminal.complain(`the run was not tagged gate:failed: ${printable(result.tagProblem)}`);
  if (unwritten !== null) throw unwritten;
  return result.passed ? ExitCode.ok : ExitCode.gate;
};

function print(
  { passed, experiment, run, runDir, metric, value, checks, tagged, failedBefore }: GateResult,
  terminal: Terminal,
): void {
  const word = passed ? terminal.style('green', 'passed') : terminal.style('red', 'failed');
  terminal.print(`${printable(`${experiment}/${run}`)}  ${printable(metric)} ${valueText(value)}  ${word}`);
  terminal.table([
    ['check', 'result', ''],
    ...checks.map((check): Cell[] => [
      check.name,
      check.passed ? 'passed' : { text: 'failed', style: 'red' },
      printable(check.message),
    ]),
  ]);
  if (tagged) terminal.print('  tagged gate:failed');
  else if (passed && failedBefore)
    terminal.print(
      '  an earlier gate has tagged it gate:failed, so it is no baseline; to remove the tag:\n' +
        `  expman tag ${printable(relative('.', runDir))} --remove gate:failed`,
    );
}

/** Writes the file wholly, or leaves an earlier one as it is and returns the reason. */
async function writeJUnit(path: string, result: GateResult): Promise<Error | null> {
  try {
    mkdirSync(dirname(path), { recursive: true });
    await replaceWithFile(path, (output) => {
      output.add(gateJUnit(result));
      return Promise.resolve();
    });
    return null;
  } catch (error) {
    if (error instanceof ExpmanError) return error;
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return new ExpmanError('IO', `the folder of the JUnit file cannot be created: ${messageOf(error)}`, {
      ...{ path, errno, cause: error },
    });
  }
}
