import { type Observable, defer, exhaustMap, from, of, timer } from 'rxjs';
import { ExpmanError, codeOf, messageOf } from '../../model/errors.js';
import { flag, milliseconds, strings } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';
import type { RunFacts } from '../../model/run-facts.js';
import { RunStatus } from '../../model/run-status.js';
import { type AlertSettings, type Webhook, alertsRule, webhookFor } from '../../model/webhook.js';
import { type DeliveryPorts, deliver } from '../../run/alerts/alert-outbox.js';
import { readIdentity } from '../../run/identity.js';
import type { FsPort } from '../../storage/fs-port.js';
import { sendLeftAlerts } from '../../writer/recovery/left-alerts.js';
import { defaultCacheDir, listRuns } from '../run-index.js';
import { type Condition, parseCondition } from './conditions.js';

/** Options of {@link monitorRuns}. */
export interface MonitorOptions {
  /**
   * The conditions: `'crashed'`, `'stalled'`, or filters such as `'metrics.loss.last > 10'`; default
   * the first two.
   */
  readonly on?: readonly string[] | undefined;
  /** The time between two looks in milliseconds; default 10,000. */
  readonly everyMs?: number | undefined;
  /** The time without a new row or log line after which a running run is stalled; default 600,000. */
  readonly stalledAfterMs?: number | undefined;
  /** True to look once and complete; default false. */
  readonly once?: boolean | undefined;
  /**
   * The webhook for what is found, and for alerts that runs have left unsent; by default the one in the
   * environment variable `EXPMAN_WEBHOOK`; `false` sends nothing.
   */
  readonly alerts?: false | AlertSettings | undefined;
}

/** Something that a monitor has found or done. */
export type MonitorEvent =
  /** A run meets a condition, for the first time since it was opened or resumed. */
  | {
      readonly kind: 'crashed' | 'stalled' | 'matched';
      /** The condition, as it was given. */
      readonly condition: string;
      readonly message: string;
      readonly runDir: string;
      readonly experiment: string;
      readonly run: string;
      readonly uuid: string;
      /** The number of the run's owner: a resumed run can meet the condition again. */
      readonly epoch: number;
      /** ISO 8601, UTC. */
      readonly at: string;
    }
  /** Alerts were sent that the run had left unsent; `unproven` are never sent. */
  | {
      readonly kind: 'alerts';
      readonly runDir: string;
      readonly sent: number;
      readonly unproven: number;
      readonly failure: string | null;
    }
  /** A run cannot be read, or the webhook did not accept a message. */
  | { readonly kind: 'problem'; readonly runDir: string; readonly code: string; readonly message: string };

type Finding = Extract<MonitorEvent, { readonly condition: string }>;

const OPTIONS = optionsTable<MonitorOptions>()({
  on: strings('an array of conditions').byDefault(['crashed', 'stalled']),
  everyMs: milliseconds().byDefault(10_000),
  stalledAfterMs: milliseconds().byDefault(600_000),
  once: flag().byDefault(false),
  alerts: alertsRule().byDefault({ allowPrivate: false }),
});

/**
 * Watches the runs at or below a folder from outside, for each subscriber.
 *
 * @throws ExpmanError `INVALID_OPTION`, `INVALID_FILTER`, at the call; `RUN_NOT_FOUND` as an error of
 * the stream if there is no such folder at the first look
 */
export function monitorBy(
  fs: FsPort,
  dir: string,
  given: MonitorOptions,
  ports: DeliveryPorts = {},
): Observable<MonitorEvent> {
  const options = OPTIONS.resolve(given);
  const conditions = options.on.map((text) => parseCondition(fs, text, options.stalledAfterMs));
  const webhook = webhookFor(options.alerts);
  return defer(() => {
    const monitor = new Monitor(fs, dir, { conditions, webhook, ports });
    const { once, everyMs }: ResolvedBy<typeof OPTIONS> = options;
    return (once ? of(0) : timer(0, everyMs)).pipe(exhaustMap(() => from(monitor.look())));
  });
}

/** The conditions of a {@link Monitor}, and where it sends what it finds. */
interface Watching {
  readonly conditions: readonly Condition[];
  readonly webhook: Webhook | null;
  readonly ports: DeliveryPorts;
}

/** What one monitor has seen so far. */
class Monitor {
  private readonly known = new Set<string>();
  private looks = 0;

  constructor(
    private readonly fs: FsPort,
    private readonly dir: string,
    private readonly watching: Watching,
  ) {}

  /** Looks at all runs once: first everything that is found, then what becomes of the messages. */
  async *look(): AsyncGenerator<MonitorEvent, void> {
    if (this.looks++ === 0 && this.fs.stat(this.dir)?.kind !== 'folder')
      throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${this.dir}`, { path: this.dir });
    const { runs, unreadable } = listRuns(this.fs, this.dir, defaultCacheDir());
    for (const { runDir, code, message } of unreadable)
      if (this.isNew(`problem ${runDir} ${code}`)) yield { kind: 'problem', runDir, code, message };
    const findings = runs.flatMap((facts) => this.findings(facts));
    yield* findings;
    const { webhook } = this.watching;
    if (webhook === null) return;
    for (const finding of findings) yield* this.post(finding, webhook);
    for (const facts of runs) yield* this.sendLeft(facts, webhook);
  }

  private findings(facts: RunFacts): Finding[] {
    const { experiment, run, runDir, uuid } = facts;
    return this.watching.conditions.flatMap(({ kind, text, holds }) => {
      const found = meeting(() => {
        const message = holds(facts);
        return message === null ? null : { message, epoch: readIdentity(this.fs, runDir).identity.epoch };
      });
      if (found === null || !this.isNew(`${uuid} ${runDir} ${found.epoch} ${text}`)) return [];
      const at = new Date().toISOString();
      return [{ kind, condition: text, ...found, ...{ runDir, experiment, run, uuid, at } }];
    });
  }

  private async *post(finding: Finding, webhook: Webhook): AsyncGenerator<MonitorEvent, void> {
    const { experiment, run, uuid, kind, message, at, runDir } = finding;
    const level = kind === 'crashed' ? 'error' : 'warn';
    const said = {
      kind: 'monitor',
      experiment,
      run,
      uuid,
      level,
      title: message,
      text: '',
      at,
      repeats: 0,
    } as const;
    const outcome = await deliver(webhook, said, this.watching.ports);
    if (outcome.kind === 'failed')
      yield { kind: 'problem', runDir, code: 'IO', message: `the webhook was not told: ${outcome.reason}` };
  }

  private async *sendLeft(
    { alerts, status, uuid, runDir }: RunFacts,
    webhook: Webhook,
  ): AsyncGenerator<MonitorEvent, void> {
    if (status === RunStatus.Running) return;
    const unsent = alerts.filter(({ delivery }) => delivery === 'unsent').map(({ id }) => id);
    if (unsent.length === 0 || !this.isNew(`alerts ${uuid} ${runDir} ${unsent.join(' ')}`)) return;
    try {
      yield {
        kind: 'alerts',
        runDir,
        ...(await sendLeftAlerts(this.fs, runDir, webhook, this.watching.ports)),
      };
    } catch (error) {
      yield { kind: 'problem', runDir, code: codeOf(error, 'IO'), message: messageOf(error) };
    }
  }

  private isNew(key: string): boolean {
    return this.known.size < this.known.add(key).size;
  }
}

/** A run that vanishes, or is replaced, while it is looked at is seen by the next look. */
function meeting<T>(look: () => T | null): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
