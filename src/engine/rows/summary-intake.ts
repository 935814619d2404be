import { RecordKind } from '../../channel/chunk-layout.js';
import type { ExpmanError } from '../../model/errors.js';
import { flag } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { encodeParams, type Params, plainParams } from '../../model/params.js';
import {
  type SummaryFacts,
  type SummaryOptions,
  checkedDefinition,
  headlineMapping,
} from '../../model/summary-values.js';
import type { MetricDefinition } from '../../pure/metric-definition.js';
import type { Mapping } from '../../run/run-record.js';
import { SummaryRoom } from '../../run/summary-room.js';
import type { RowIntake } from './row-intake.js';

const OPTIONS = optionsTable<SummaryOptions>()({ headline: flag() });

/**
 * The door of a run for summary values and definitions of metrics. They are facts: merged name by
 * name, in the order of the calls.
 */
export class SummaryIntake {
  private readonly room: SummaryRoom;

  /** @param before - the run.yaml of a resumed run */
  constructor(
    private readonly intake: RowIntake,
    before: Mapping = {},
  ) {
    this.room = new SummaryRoom(before);
  }

  /**
   * Sets values; one that cannot be kept is left out, counted and reported.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, and `INVALID_VALUE` with `onInvalid: 'throw'`
   */
  values(given: unknown, options: SummaryOptions = {}): void {
    const { headline } = OPTIONS.resolve(options);
    const { values, refused } = this.room.check(given);
    const names = Object.keys(values);
    if (names.length > 0)
      this.send({
        summary: values,
        ...(headline !== undefined && { headline: headlineMapping(names, headline) }),
      });
    this.refuse(refused);
  }

  /**
   * Defines the metrics of a name, or of all names that match a pattern.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, and `INVALID_VALUE` with `onInvalid: 'throw'` if
   * there is no room
   */
  define(pattern: string, given: MetricDefinition): void {
    const definition = checkedDefinition(pattern, given);
    const refused = this.room.admit(pattern, definition);
    if (refused === null) this.send({ definitions: { [pattern]: plainParams(definition) } });
    else this.refuse([refused]);
  }

  private send(fact: { readonly [K in keyof SummaryFacts]?: Params }): void {
    this.intake.text(RecordKind.fact, encodeParams(fact));
  }

  /** Refuses values, all of them before the error of the first is thrown. */
  private refuse(errors: readonly ExpmanError[]): void {
    const thrown: unknown[] = [];
    for (const error of errors)
      try {
        this.intake.refuse(error.option ?? '', error);
      } catch (refused) {
        thrown.push(refused);
      }
    if (thrown.length > 0) throw thrown[0];
  }
}
