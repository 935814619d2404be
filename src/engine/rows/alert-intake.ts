import { RecordKind } from '../../channel/chunk-layout.js';
import { wellFormed } from '../../channel/row-entry.js';
import { ALERT_OPTIONS, type AlertLevel, type AlertOptions, alertFactsIn } from '../../model/alerts.js';
import { ExpmanError, describeType } from '../../model/errors.js';
import { monotonicMs } from '../../model/monotonic.js';
import { encodeParams, type Params } from '../../model/params.js';
import { redactText } from '../../model/redact-text.js';
import type { AlertSealer } from '../../run/alerts/alert-seal.js';
import type { Mapping } from '../../run/run-record.js';
import { inNumber, quantity } from '../../pure/quantity.js';
import type { RowIntake } from './row-intake.js';

/**
 * The characters of a title and of a text that are kept.
 *
 * @bound tells: the text ends in how much is missing; specs/engine/alerts.spec.ts "keeps the start of a long title and text, and says how much is missing"
 */
const MAX_TEXTS = { title: 200, text: 4000 } as const;
/**
 * The most bytes of run.yaml for the alerts of a run.
 *
 * @bound tells: alertsLeftOut counts the others, run.log says so; specs/engine/alerts.spec.ts "has room for 64 KB of alerts, and counts the others"
 */
const MAX_ALERT_BYTES = 64 * 1024;
/** The bytes of run.yaml around an alert: its keys, its seal, and when it was sent. */
const AROUND = 260;
/** The time for which an alert stands for others with the same title and level. */
const FOLD_MS = 60_000;
/** The least time between two records of a count. */
const COUNT_MS = 100;

/** Where alerts are raised: in the thread that owns the run. */
export interface AlertPlace {
  readonly epoch: number;
  /** Null if there is no webhook to send them to. */
  readonly sealer: AlertSealer | null;
}

/** An alert as it is raised, within its bounds. */
interface Said {
  readonly title: string;
  readonly text: string;
  readonly level: AlertLevel;
}

/** An alert that stands for its repetitions. */
interface Raised {
  readonly id: string;
  readonly untilMs: number;
  repeats: number;
}

/**
 * The door of a run for alerts. They are facts of the log, so that a kill loses none; repetitions
 * are counted, and what has no room is, too.
 */
export class AlertIntake {
  private readonly raised = new Map<string, Raised>();
  /** Counts that are not recorded yet, as a fact. */
  private readonly counts = new Map<string, Params>();
  private countedAtMs = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private number = 0;
  private bytes: number;
  private leftOut: number;

  /**
   * @param place - null in a trial's thread, which forwards alerts to the thread that owns the run
   * @param before - the run.yaml of a resumed run
   */
  constructor(
    private readonly intake: RowIntake,
    private readonly place: AlertPlace | null,
    before: Mapping = {},
  ) {
    const { alerts, alertsLeftOut } = alertFactsIn(before);
    this.leftOut = alertsLeftOut;
    this.bytes = alerts.reduce((sum, { title, text }) => sum + sizeOf(title, text), 0);
    intake.atEnd(() => this.record());
  }

  /**
   * Raises an alert.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`; `INVALID_VALUE` for a title that is not a text, with
   * `onInvalid: 'throw'`
   */
  add(given: unknown, options: AlertOptions = {}): void {
    const { text: said, level } = ALERT_OPTIONS.resolve(options);
    if (typeof given !== 'string' || given.trim() === '') {
      this.intake.refuse('alert', refusal(given));
      return;
    }
    const [title, text] = [bounded(given.trim(), MAX_TEXTS.title), bounded(said, MAX_TEXTS.text)];
    if (this.place === null) this.send({ alerts: { forwarded: { title, text, level } } });
    else this.raise(this.place, { title, text, level });
  }

  private raise({ epoch, sealer }: AlertPlace, { title, level, ...said }: Said): void {
    const now = monotonicMs();
    const key = `${level} ${title}`;
    const before = this.raised.get(key);
    if (before !== undefined && now < before.untilMs) {
      before.repeats++;
      this.count(`alert ${before.id}`, { alerts: { [before.id]: { repeats: before.repeats } } });
      return;
    }
    const text = withRepeats(said.text, before?.repeats ?? 0);
    const size = sizeOf(title, text);
    if (this.bytes + size > MAX_ALERT_BYTES) {
      this.leftOut++;
      this.intake.warn(
        'run',
        'alerts',
        `the alerts of a run may have ${MAX_ALERT_BYTES} bytes together: further ones are counted, neither kept nor sent`,
      );
      this.count('left out', { alertsNotKept: this.leftOut });
      return;
    }
    this.bytes += size;
    const id = `${epoch}-${++this.number}`;
    this.raised.set(key, { id, untilMs: now + FOLD_MS, repeats: 0 });
    const at = new Date().toISOString();
    const seal = sealer?.seal({ id, at, title, text, level }) ?? '';
    const alert = { at, level, title, ...(text !== '' && { text }), ...(seal !== '' && { seal }) };
    this.send({ alerts: { [id]: alert } });
    this.intake.line(level, `alert: ${title}${text === '' ? '' : `: ${text}`}`);
  }

  /** Records a count soon: a loop that raises one alert over and over must not fill the log. */
  private count(what: string, fact: Params): void {
    this.counts.set(what, fact);
    if (monotonicMs() - this.countedAtMs >= COUNT_MS) this.record();
    else this.timer ??= setTimeout(() => this.record(), COUNT_MS).unref();
  }

  private record(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.counts.size === 0) return;
    this.countedAtMs = monotonicMs();
    for (const fact of this.counts.values()) this.send(fact);
    this.counts.clear();
  }

  private send(fact: Params): void {
    this.intake.text(RecordKind.fact, encodeParams(fact));
  }
}

function bounded(text: string, most: number): string {
  const plain = redactText(wellFormed(text));
  if (plain.length <= most) return plain;
  const missing = plain.length - most;
  return `${wellFormed(plain.slice(0, most))}…[${missing} more ${inNumber(missing, 'characters')}]`;
}

/** Adds to a text how often the alert was raised since it was last kept. */
const withRepeats = (text: string, repeats: number): string =>
  repeats === 0
    ? text
    : [text, `(raised ${quantity(repeats, 'more times')} since it was last sent)`]
        .filter((line) => line !== '')
        .join('\n');

const sizeOf = (title: string, text: string): number =>
  Buffer.byteLength(JSON.stringify([title, text])) + AROUND;

const refusal = (value: unknown): ExpmanError => {
  const rule = 'the title of an alert must be a text that is not empty';
  return new ExpmanError('INVALID_VALUE', rule, { option: 'title', rule, value, type: describeType(value) });
};
