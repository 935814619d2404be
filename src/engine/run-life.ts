import { setTimeout as delay } from 'node:timers/promises';
import { RecordKind } from '../channel/chunk-layout.js';
import type { ResolvedOptions } from '../model/experiment-config.js';
import { type Params, encodeParams } from '../model/params.js';
import { isError } from '../model/realms.js';
import type { RunSummary } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import type { RunEnding } from '../run/run-state.js';
import type { WriterHost } from './host/writer-host.js';
import type { WriterLink } from './host/writer-link.js';
import { captureConsole } from './process/console-capture.js';
import { watchProcessEnd } from './process/process-hooks.js';
import { watchSignals } from './process/process-signals.js';
import type { RowIntake } from './rows/row-intake.js';
import { type OwnEnding, endingOfExit, endingOfIdle } from './run-ending.js';
import type { MetricSubject } from './streams/metric-subject.js';

const RETRY_MS = 100;

/** The options of a {@link RunLife}. */
export interface RunLifeOptions {
  readonly options: ResolvedOptions;
  readonly host: WriterHost;
  readonly intake: RowIntake;
  readonly mailbox: MetricSubject;
  readonly link: WriterLink;
}

/**
 * Ends a run: by a call, by its stream of rows, or with its process.
 *
 * A run is open while its intake is, then closing until the writer has everything, and closed when
 * the link reports it.
 */
export class RunLife {
  private ending: OwnEnding | null = null;
  private endingSent: Promise<void> = Promise.resolve();
  /** Pending facts for run.yaml, such as an artifact's hash. */
  private readonly facts = new Set<Promise<unknown>>();
  private readonly watches: (() => void)[] = [];
  private stopCapture = (): void => undefined;

  constructor(private readonly run: RunLifeOptions) {}

  /**
   * Watches the end of the process and, if the options request it, its output, until the run is
   * closed.
   */
  watchProcess(): void {
    const { host, options } = this.run;
    const { captureConsole: what, exitTimeoutMs, handleSignals } = options;
    this.watches.push(watchProcessEnd(this.processEnd(), () => host.drainForExit(exitTimeoutMs)));
    if (handleSignals)
      this.watches.push(watchSignals(() => this.close({ status: RunStatus.Interrupted, cut: false })));
    if (what !== false) this.stopCapture = captureConsole(what, (level, text) => this.printed(level, text));
  }

  /** Stops watching the process, for a run that is over or was never opened. */
  unwatchProcess(): void {
    this.stopCapture();
    for (const stop of this.watches.splice(0)) stop();
  }

  /** Adds a fact to run.yaml once it resolves; null adds nothing. */
  addFact(coming: Promise<Params | null>): void {
    const settled = coming.then((fact) => {
      if (fact !== null) this.sendFact(fact);
    });
    this.facts.add(settled);
    void settled.finally(() => this.facts.delete(settled));
  }

  /** Lets the end of the run wait for something that is being saved; reports a failure. */
  awaitSaving(saving: Promise<unknown>, failed: (error: unknown) => void): void {
    this.addFact(
      saving.then(
        () => null,
        (error: unknown) => {
          failed(error);
          return null;
        },
      ),
    );
  }

  /** Adds a fact to run.yaml, unless the run is finished. */
  sendFact(fact: Params): void {
    const { intake, link } = this.run;
    if (!link.isFinished) intake.text(RecordKind.fact, encodeParams(fact));
  }

  /** Ends the run, unless it has ended, and waits until it is closed. */
  close(ending: OwnEnding): Promise<RunSummary> {
    this.begin(ending);
    return this.untilClosed();
  }

  /**
   * Ends the run in the background: the process stays alive, and is warned if something could not
   * be written.
   */
  closeInBackground(ending: OwnEnding): void {
    if (!this.run.intake.isOpen) return;
    this.close(ending).catch((error: unknown) => process.emitWarning(isError(error) ? error : String(error)));
  }

  /** Finishes the run once its writer has finished it, for whatever reason. */
  finish(): void {
    const { intake, mailbox } = this.run;
    intake.shut();
    mailbox.complete();
    this.unwatchProcess();
  }

  private begin(ending: OwnEnding): void {
    const { intake, mailbox, link } = this.run;
    if (!intake.isOpen) return;
    this.stopCapture();
    intake.shut();
    this.ending = ending;
    mailbox.complete();
    link.closing(ending.status);
    // The last facts belong in run.yaml, so they come before the end.
    if (this.facts.size === 0) this.sendEnding(ending);
    else this.endingSent = Promise.allSettled(this.facts).then(() => this.sendEnding(ending));
  }

  private async untilClosed(): Promise<RunSummary> {
    const { host, link, options } = this.run;
    host.hold();
    try {
      await this.endingSent;
      const until = performance.now() + options.exitTimeoutMs;
      for (;;) {
        try {
          await link.flush();
          return await link.closed;
        } catch (error) {
          if (link.isFinished || performance.now() >= until) throw error;
          await delay(RETRY_MS);
        }
      }
    } finally {
      host.release();
    }
  }

  private sendEnding(ending: RunEnding): void {
    const { host, intake } = this.run;
    intake.end(JSON.stringify(ending));
    host.wake();
  }

  private processEnd(): Parameters<typeof watchProcessEnd>[0] {
    return {
      ranDry: () => this.closeInBackground(endingOfIdle(process.exitCode)),
      exiting: (exitCode, fatal) => {
        const { intake, link } = this.run;
        if (link.isFinished) return;
        this.stopCapture();
        intake.shut();
        this.sendEnding({ ...(this.ending ?? endingOfExit(exitCode, fatal)), cut: true });
      },
    };
  }

  /** Logs a line printed by the process, bypassing the logger, whose transports may print. */
  private printed(level: string, text: string): void {
    const { intake } = this.run;
    if (intake.isOpen) intake.line(level, text);
  }
}
