import { oneOf, ruleOf } from './option-rules.js';
import { optionsTable } from './options-table.js';
import { bareObject } from './param-value.js';
import { entriesIn } from './stored-values.js';

/** The levels of an alert, from the least to the most severe. */
const ALERT_LEVELS = ['info', 'warn', 'error'] as const satisfies readonly AlertLevel[];

/** The level of an alert. */
export type AlertLevel = 'info' | 'warn' | 'error';

/** Options of `run.alert`. */
export interface AlertOptions {
  /** More about it, in plain text; secrets are redacted. */
  readonly text?: string | undefined;
  /** How severe it is; default `'warn'`. */
  readonly level?: AlertLevel | undefined;
}

/** An alert of a run. */
export interface RunAlert {
  /** Unique in its run: the number of the owner that raised it, and that of the alert. */
  readonly id: string;
  /** The time; ISO 8601, UTC. */
  readonly at: string;
  readonly level: AlertLevel;
  readonly title: string;
  /** Empty if none was given. */
  readonly text: string;
  /** The number of alerts with the same title and level, within a minute, that this one stands for. */
  readonly repeats: number;
  /**
   * `sent` to a webhook, `unsent` if one was given to the process but has not accepted the alert, or
   * `none` if there was no webhook.
   */
  readonly delivery: 'none' | 'unsent' | 'sent';
  /** The time the webhook accepted it; ISO 8601, UTC; null if it has not. */
  readonly sentAt: string | null;
}

/** The alerts of a run. */
export interface AlertFacts {
  /** In the order they were raised. */
  readonly alerts: readonly RunAlert[];
  /** The number of alerts for which run.yaml had no room: they are only counted, and not sent. */
  readonly alertsLeftOut: number;
}

/** An alert as it is stored, with what proves where it was raised. */
export interface StoredAlert extends RunAlert {
  /** See run/alerts/alert-seal.ts; empty if there was no webhook. */
  readonly seal: string;
}

/** The option table of `run.alert`. */
export const ALERT_OPTIONS = optionsTable<AlertOptions>()({
  text: ruleOf('a string', (value): value is string => typeof value === 'string').byDefault(''),
  level: oneOf(...ALERT_LEVELS).byDefault('warn'),
});

/** Reads alerts from a mapping that may hold anything. */
export function storedAlertsIn(file: Readonly<Record<string, unknown>>): StoredAlert[] {
  return entriesIn(file['alerts']).flatMap(([id, said]) => {
    const { title, text, level, at, repeats, seal, sentAt } = Object.fromEntries(entriesIn(said));
    if (typeof title !== 'string') return [];
    const sent = isMoment(sentAt) ? sentAt : null;
    const sealText = typeof seal === 'string' ? seal : '';
    return [
      {
        ...{ id, title },
        at: isMoment(at) ? at : '',
        level: ALERT_LEVELS.find((each) => each === level) ?? 'warn',
        text: typeof text === 'string' ? text : '',
        repeats: countOf(repeats),
        delivery: sent !== null ? 'sent' : sealText === '' ? 'none' : 'unsent',
        sentAt: sent,
        seal: sealText,
      },
    ];
  });
}

/** Reads the alerts of a run, and the number of those left out, from a mapping that may hold anything. */
export const alertFactsIn = (file: Readonly<Record<string, unknown>>): AlertFacts => ({
  alerts: storedAlertsIn(file).map(({ seal: _seal, ...alert }) => alert),
  alertsLeftOut: countOf(file['alertsNotKept']) + countOf(file['alertsLeftOut']),
});

/** Makes a mapping of alerts from which {@link alertFactsIn} reads the same, as long as nothing sends them. */
export const plainAlerts = (alerts: readonly RunAlert[]): Record<string, Omit<StoredAlert, 'id'>> =>
  bareObject(
    alerts.map(({ id, ...alert }) => [
      id,
      { ...alert, seal: alert.delivery === 'none' ? '' : 'is elsewhere' },
    ]),
  );

const countOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;

const isMoment = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
