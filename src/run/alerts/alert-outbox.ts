import { type Observable, Subject, concatMap, defer, map, takeUntil } from 'rxjs';
import type { StoredAlert } from '../../model/alerts.js';
import { type Webhook, hostOf } from '../../model/webhook.js';
import { type PostOutcome, type PostPorts, postWebhook } from './post-webhook.js';
import { type WebhookMessage, payloadFor } from './webhook-payload.js';

/** The delays after failed attempts; their number bounds that of the attempts. */
const BACKOFF_MS = [1_000, 4_000, 16_000];

/** The run whose alerts are sent. */
export type AlertSubject = Pick<WebhookMessage, 'experiment' | 'run' | 'uuid'>;

/** The network and the delays of deliveries; replaced in specs. */
export interface DeliveryPorts {
  readonly ports?: PostPorts | undefined;
  readonly backoffMs?: readonly number[] | undefined;
}

/** Options of an {@link AlertOutbox}. */
export interface OutboxOptions extends DeliveryPorts {
  readonly webhook: Webhook;
  readonly run: AlertSubject;
  /** Called when the webhook has accepted an alert. */
  readonly onSent: (alert: StoredAlert) => void;
  /** Called when it has not, and will not be asked again; the reason holds no part of its address but the host. */
  readonly onFailed: (alert: StoredAlert, reason: string) => void;
}

/**
 * Sends alerts to a webhook, one after the other, each at most four times; what it does not get rid
 * of stays unsent in the run.
 *
 * It never throws, keeps no process alive, and can be left at any time.
 */
export class AlertOutbox {
  private readonly known = new Set<string>();
  private readonly queue$ = new Subject<StoredAlert>();
  private readonly left$ = new Subject<void>();
  private readonly idle: Promise<void>;
  private waiting = 0;
  private isLeft = false;

  constructor(private readonly options: OutboxOptions) {
    this.idle = new Promise((resolve) => {
      this.queue$
        .pipe(
          concatMap((alert) => this.delivery$(alert)),
          takeUntil(this.left$),
        )
        .subscribe({ complete: resolve, error: () => resolve() });
    });
  }

  /** The number of alerts that are still to be sent. */
  get pending(): number {
    return this.waiting;
  }

  /** Sends those of these alerts that it has not seen yet. */
  send(alerts: readonly StoredAlert[]): void {
    for (const alert of alerts) {
      if (this.known.has(alert.id)) continue;
      this.known.add(alert.id);
      this.waiting++;
      this.queue$.next(alert);
    }
  }

  /** Resolves when everything was sent or has failed, at the latest after `timeoutMs`; then it is left. */
  async settle(timeoutMs: number): Promise<void> {
    this.queue$.complete();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
      timer.unref();
    });
    await Promise.race([this.idle, late]);
    clearTimeout(timer);
    this.leave();
  }

  /** Sends nothing more, and forgets what is not sent. */
  leave(): void {
    this.isLeft = true;
    this.left$.next();
    this.left$.complete();
  }

  private deliver({ level, title, text, at, repeats }: StoredAlert): Promise<PostOutcome> {
    const { webhook, run } = this.options;
    const message = { kind: 'alert', ...run, level, title, text, at, repeats } as const;
    return deliver(webhook, message, this.options, () => this.isLeft);
  }

  private delivery$(alert: StoredAlert): Observable<void> {
    return defer(() => this.deliver(alert)).pipe(
      map((outcome) => {
        this.waiting--;
        if (outcome.kind === 'sent') this.options.onSent(alert);
        else this.options.onFailed(alert, `${hostOf(this.options.webhook)}: ${outcome.reason}`);
      }),
      takeUntil(this.left$),
    );
  }
}

/**
 * Posts a message, with delays between its attempts, until one succeeds, none can, or `isLeft` says
 * that it no longer matters; never rejects.
 */
export async function deliver(
  webhook: Webhook,
  message: WebhookMessage,
  { ports, backoffMs = BACKOFF_MS }: DeliveryPorts = {},
  isLeft: () => boolean = () => false,
): Promise<PostOutcome> {
  const json = payloadFor(webhook, message);
  for (let attempt = 0; ; attempt++) {
    const outcome = await postWebhook(webhook, json, ports);
    const delayMs = backoffMs[attempt];
    if (outcome.kind === 'sent' || !outcome.mayRetry || delayMs === undefined) return outcome;
    await pause(Math.max(delayMs, outcome.retryAfterMs ?? 0));
    if (isLeft()) return outcome;
  }
}

/** Waits without keeping the process alive. */
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
