import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { errorOf } from '../../model/errors.js';
import type { TrialControl, TrialOutcome } from '../executor.js';
import type { Attempt, AttemptObserver, AttemptRules, AttemptRunner } from '../queue/taken-trial.js';
import { QUEUE_VARIABLE } from '../queue/queue-address.js';
import { placeHere } from '../trial-place.js';
import { trialRunName } from '../trial-run-name.js';
import { restored } from '../worker/portable-error.js';
import type { FromSlot, SlotExperiment, ToSlot } from './slot-messages.js';

const ENTRY = (): URL => new URL('./slot-process.js', import.meta.url);
/** How long a process may take to end once its parent has let it go. */
const END_MS = 5000;

/**
 * Runs attempts in child processes, one for each slot, with an environment of its own; each in a
 * worker thread of the process. A process is started with the first attempt in its slot, and again
 * after it has died.
 */
export class SlotProcesses {
  private readonly children = new Map<number, ChildProcess>();

  /** @param environments - the environment variables of each slot, beside those of this process */
  constructor(
    private readonly experiment: SlotExperiment,
    private readonly environments: readonly Readonly<Record<string, string>>[],
  ) {}

  readonly run: AttemptRunner = async (attempt, rules, { control, observer }) => {
    const child = this.childOf(attempt.slot);
    const { experiment } = this;
    const send = (message: ToSlot): void => {
      if (child.connected) child.send(message, () => undefined);
    };
    const abort = (): void => send({ kind: 'abort', reason: control.abortReason ?? 'interrupted' });
    const expire = (): void => send({ kind: 'expire' });
    const ending = this.follow(child, attempt, { observer, control });
    send({ kind: 'run', experiment, attempt, rules: portableRules(rules) });
    control.signal.addEventListener('abort', abort, { once: true });
    control.expired.addEventListener('abort', expire, { once: true });
    if (control.signal.aborted) abort();
    if (control.expired.aborted) expire();
    try {
      return await ending;
    } finally {
      control.signal.removeEventListener('abort', abort);
      control.expired.removeEventListener('abort', expire);
    }
  };

  /** Ends all processes. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.children.values()].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        if (child.connected) child.disconnect();
        await Promise.race([exited, delay(END_MS, undefined, { ref: false })]);
        child.kill('SIGKILL');
      }),
    );
  }

  private childOf(slot: number): ChildProcess {
    const running = this.children.get(slot);
    if (running?.connected === true) return running;
    const inherited = { ...process.env };
    Reflect.deleteProperty(inherited, QUEUE_VARIABLE);
    const child = fork(fileURLToPath(ENTRY()), [], {
      env: { ...inherited, NODE_OPTIONS: '', ...this.environments[slot] },
      execArgv: [],
      // NaN, infinities and bigints arrive as they are.
      serialization: 'advanced',
    });
    this.children.set(slot, child);
    return child;
  }

  private follow(
    child: ChildProcess,
    attempt: Attempt,
    { observer, control }: { readonly observer: AttemptObserver; readonly control: TrialControl },
  ): Promise<TrialOutcome> {
    const { baseDir, name } = this.experiment;
    const place = placeHere(join(baseDir, name), attempt);
    return new Promise((resolve, reject) => {
      const received = (message: FromSlot): void => {
        if (message.kind === 'started') observer.started({ ...place, runDir: message.runDir });
        else if (message.kind === 'reported') observer.reported(message.point);
        else if (message.kind === 'ending') recordEnding(message.outcome);
        else {
          end();
          if (message.kind === 'ended') resolve({ ...message.outcome, place });
          else reject(restored(message.error));
        }
      };
      const recordEnding = (outcome: TrialOutcome): void => {
        try {
          observer.ending?.(outcome);
        } catch (thrown) {
          end();
          control.abort('interrupted');
          reject(errorOf(thrown));
        }
      };
      const died = (code: number | null, signal: NodeJS.Signals | null): void => {
        end();
        const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
        const failed = {
          status: 'failed',
          error: `the process of slot ${attempt.slot} ended ${how}`,
        } as const;
        const ended = control.abortReason === null ? failed : { status: control.abortReason };
        const run = trialRunName(attempt.number, attempt.attempt);
        resolve({ attempt: attempt.attempt, run, value: null, step: null, place, ...ended });
      };
      const failed = (error: Error): void => {
        end();
        reject(error);
      };
      const end = (): void => {
        child.off('message', received).off('exit', died).off('error', failed);
      };
      child.on('message', received).on('exit', died).on('error', failed);
    });
  }
}

const portableRules = ({ metrics, constraints, value, graceMs }: AttemptRules): AttemptRules => ({
  ...{ metrics, constraints, value, graceMs },
});
