import { type StoredAlert, storedAlertsIn } from '../../model/alerts.js';
import { encodeParams } from '../../model/params.js';
import type { Webhook } from '../../model/webhook.js';
import { AlertOutbox } from '../../run/alerts/alert-outbox.js';
import { AlertSealer } from '../../run/alerts/alert-seal.js';
import { quantity } from '../../pure/quantity.js';
import type { FsPort } from '../../storage/fs-port.js';
import type { FromWriter, RunOpening } from '../thread/writer-messages.js';
import type { WalStage } from './wal-stage.js';

/** The part of a session's context that its alerts need. */
export interface SessionAlertsContext {
  readonly fs: FsPort;
  readonly post: (message: FromWriter) => void;
  readonly now: () => number;
}

/** Options of {@link SessionAlerts}. */
export interface SessionAlertsOptions {
  readonly opening: RunOpening;
  readonly webhook: Webhook;
  readonly context: SessionAlertsContext;
  readonly wal: WalStage;
  /** Writes a line into run.log. */
  readonly log: (level: string, message: string) => void;
  /** Called when an alert was marked as sent. */
  readonly onMarked: () => void;
}

/**
 * Sends the alerts of an open run: those that its caller raises once they are in the log, and those
 * that earlier owners left unsent, if they were raised in this folder with this webhook.
 */
export class SessionAlerts {
  private readonly outbox: AlertOutbox;
  private state: 'open' | 'settling' | 'settled' = 'open';
  private sent = 0;
  private failure: string | null = null;
  private readonly failures = new Set<string>();

  constructor(private readonly options: SessionAlertsOptions) {
    const { opening, webhook } = options;
    const { experiment, run, uuid } = opening.identity;
    this.outbox = new AlertOutbox({
      webhook,
      run: { experiment, run, uuid },
      onSent: (alert) => this.noteSent(alert),
      onFailed: (_alert, reason) => this.noteFailure(reason),
    });
  }

  /** The number of alerts that are still to be sent. */
  private get pending(): number {
    return this.outbox.pending;
  }

  /** Sends the alerts of this owner that are in the log by now. */
  send(): void {
    const own = `${this.options.opening.owner.epoch}-`;
    const before = this.pending;
    this.outbox.send(this.unsent().filter(({ id }) => id.startsWith(own)));
    if (this.pending !== before) this.post();
  }

  /** Sends what earlier owners left unsent. */
  sendLeft(): void {
    const { opening, webhook, context, log } = this.options;
    const own = `${opening.owner.epoch}-`;
    const left = this.unsent().filter(({ id }) => !id.startsWith(own));
    if (left.length === 0) return;
    const sealer = new AlertSealer(context.fs, opening.folder, opening.identity.uuid, webhook);
    const genuine = left.filter((alert) => sealer.isGenuine(alert));
    const others = left.length - genuine.length;
    if (others > 0)
      log(
        'warn',
        `${quantity(others, 'alerts of earlier sessions are')} not sent: raised in another folder, or with another webhook`,
      );
    this.outbox.send(genuine);
    this.post();
  }

  /**
   * Tells if a run that ends need not wait for its alerts; otherwise calls `settled` once, when they
   * are sent or have failed, at the latest after `timeoutMs`.
   */
  isSettled(timeoutMs: number, settled: () => void): boolean {
    if (this.state === 'open' && this.pending > 0) {
      this.state = 'settling';
      void this.settle(timeoutMs).then(() => {
        this.state = 'settled';
        settled();
      });
    }
    return this.state !== 'settling';
  }

  private async settle(timeoutMs: number): Promise<void> {
    const { log } = this.options;
    await this.outbox.settle(timeoutMs);
    const { pending } = this;
    if (pending > 0)
      log(
        'warn',
        `${quantity(pending, 'alerts were')} not sent before the run ended; \`expman monitor\` sends them`,
      );
  }

  /** Sends nothing more. */
  leave(): void {
    this.outbox.leave();
  }

  private unsent(): StoredAlert[] {
    return storedAlertsIn(this.options.wal.state.facts).filter(({ delivery }) => delivery === 'unsent');
  }

  private noteSent({ id }: StoredAlert): void {
    const { wal, context, onMarked } = this.options;
    this.sent++;
    this.failure = null;
    const sentAt = new Date(context.now()).toISOString();
    // Only run.yaml has it until the next segment begins: a kill in between sends the alert again.
    wal.addFact(encodeParams({ alerts: { [id]: { sentAt } } }));
    onMarked();
    this.post();
  }

  private noteFailure(reason: string): void {
    this.failure = reason;
    if (!this.failures.has(reason)) this.options.log('warn', `an alert was not sent: ${reason}`);
    this.failures.add(reason);
    this.post();
  }

  private post(): void {
    const { opening, context } = this.options;
    const { sent, failure, pending } = this;
    context.post({ kind: 'alerts', runId: opening.runId, alerts: { sent, pending, failure } });
  }
}
