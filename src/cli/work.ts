import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExperimentConfig } from '../model/experiment-config.js';
import { printable } from '../model/printable.js';
import { attemptHere } from '../sweep/queue/attempt-here.js';
import { QUEUE_VARIABLE, queueAddress } from '../sweep/queue/queue-address.js';
import { takeTrials } from '../sweep/queue/take-trials.js';
import type { AttemptRunner, TakenTrial } from '../sweep/queue/taken-trial.js';
import { SlotProcesses } from '../sweep/slots/slot-processes.js';
import { paramsCheckOf } from '../sweep/worker/load-space.js';
import { type CommandRun, UsageError, numberOption } from './command.js';
import type { WORK } from './command-options.js';
import { dirOr } from './find-runs.js';
import { ExitCode, type Terminal } from './terminal.js';

export const run: CommandRun<typeof WORK> = async ([url], options, terminal) => {
  const address = queueAddress(url);
  forgetAddress(url, address.shown);
  const { sweep: name } = options;
  if (name === undefined) throw new UsageError('--sweep is missing: the name of the sweep');
  const module = moduleOf(options.module);
  const concurrency = numberOption(options, 'concurrency', { min: 1 }) ?? 1;
  const environments = environmentsOf(options.env, concurrency);
  const config = new ExperimentConfig(name, dirOr(options.dir));
  const checkParams = await paramsCheckOf(module, options.anyParams === true);
  const { run: runAttempt, close } = runnerOf({ module, config, environments });
  const isJson = options.json === true;
  const { signal: draining, unwatch } = drainOnSignal(terminal);
  try {
    await takeTrials(address, {
      name: config.name,
      dir: resolve(config.baseDir, config.name),
      concurrency,
      run: runAttempt,
      checkParams,
      draining,
      notify: (text) => {
        if (isJson) terminal.jsonLine({ event: 'note', text });
        else terminal.complain(text);
      },
      onTrial: (trial) => {
        if (isJson) terminal.jsonLine(eventOf(trial));
        else terminal.print(lineOf(trial));
      },
    });
    return ExitCode.ok;
  } finally {
    unwatch();
    await close();
  }
};

/** Removes user and password of the queue from what the process, its runs and trials know of it. */
function forgetAddress(url: string | undefined, shown: string): void {
  if (url !== undefined) process.argv = process.argv.map((each) => (each === url ? shown : each));
  Reflect.deleteProperty(process.env, QUEUE_VARIABLE);
}

function moduleOf(path: string | undefined): URL {
  if (path === undefined) throw new UsageError('--module is missing: the module that trains');
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`--module: there is no file ${printable(file)}`);
  return pathToFileURL(file);
}

/** Returns the variables of each slot; null if trials need no processes of their own. */
function environmentsOf(
  text: string | undefined,
  concurrency: number,
): readonly Readonly<Record<string, string>>[] | null {
  if (text === undefined) return null;
  const pairs = text.split('\n').map((pair): readonly [string, string] => {
    const [, key, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined)
      throw new UsageError('--env must be KEY=value, for example CUDA_VISIBLE_DEVICES={slot}');
    return [key, value];
  });
  return Array.from({ length: concurrency }, (_, slot) =>
    Object.fromEntries(pairs.map(([key, value]) => [key, value.replaceAll('{slot}', String(slot))])),
  );
}

interface Runner {
  readonly run: AttemptRunner;
  readonly close: () => Promise<void>;
}

function runnerOf({
  module,
  config,
  environments,
}: {
  readonly module: URL;
  readonly config: ExperimentConfig;
  readonly environments: readonly Readonly<Record<string, string>>[] | null;
}): Runner {
  const { name, baseDir } = config;
  const experiment = { name, baseDir, run: {} };
  if (environments === null) return { run: attemptHere(module, experiment), close: () => Promise.resolve() };
  const processes = new SlotProcesses({ module: module.href, ...experiment }, environments);
  return { run: processes.run, close: () => processes.close() };
}

/** Aborts on the first signal that ends a process; the second one ends it. */
function drainOnSignal(terminal: Terminal): { readonly signal: AbortSignal; readonly unwatch: () => void } {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const drain = (): void => {
    if (controller.signal.aborted) process.exit(ExitCode.io);
    terminal.complain(
      'takes no more trials; those that run come to their end (a second signal ends at once)',
    );
    controller.abort();
  };
  for (const signal of signals) process.on(signal, drain);
  return {
    signal: controller.signal,
    unwatch: () => {
      for (const signal of signals) process.off(signal, drain);
    },
  };
}

function eventOf({ kind, number, attempt, slot, outcome }: TakenTrial): object {
  const { status, value, error } = outcome ?? {};
  return { event: kind, trial: number, attempt, slot, status, value, error };
}

function lineOf({ kind, number, attempt, outcome }: TakenTrial): string {
  const trial = `trial ${number}${attempt === 0 ? '' : ` (attempt ${attempt})`}`;
  if (kind === 'begun' || outcome === undefined) return `${trial}  begun`;
  const { status, value, error } = outcome;
  const why = error === undefined ? '' : `  ${printable(error)}`;
  return `${trial}  ${status}${value === null ? '' : `  ${String(value)}`}${why}`;
}
