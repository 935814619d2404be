import { ValueKind } from '../../channel/chunk-layout.js';
import { isMapping, type Mapping } from '../../run/run-record.js';

const WORDS: Readonly<Record<ValueKind, string>> = {
  [ValueKind.number]: 'number',
  [ValueKind.bigint]: 'bigint',
  [ValueKind.boolean]: 'boolean',
  [ValueKind.string]: 'string',
};

/** A metric's change of type, in JavaScript's terms. */
export interface KindChange {
  readonly from: string;
  readonly to: string;
}

/**
 * Detects when a metric is logged as another type than before; used only when a row has a new
 * shape.
 */
export class KindWatch {
  private readonly kinds: Map<string, readonly ValueKind[]>;

  /** @param before - the metrics in the run.yaml of a resumed run */
  constructor(before: Mapping) {
    this.kinds = new Map(
      Object.entries(before).flatMap(([metric, said]) => {
        const kinds = isMapping(said) ? kindsBehind(said) : [];
        return kinds.length === 0 ? [] : [[metric, kinds] as const];
      }),
    );
  }

  /** The change that a value of `kind` makes; null if there is none. */
  changeTo(metric: string, kind: ValueKind): KindChange | null {
    const known = this.kinds.get(metric);
    if (known === undefined) this.kinds.set(metric, [kind]);
    const [first = kind] = known ?? [];
    return known?.includes(kind) === false ? { from: WORDS[first], to: WORDS[kind] } : null;
  }
}

/**
 * The kinds a metric had, by its summary: a number may have been a bigint, and for a metric with
 * texts among its numbers the change was already reported.
 */
function kindsBehind({ last, texts }: Mapping): readonly ValueKind[] {
  switch (typeof last) {
    case 'number':
    case 'bigint':
      return texts === undefined ? [ValueKind.number, ValueKind.bigint] : Object.values(ValueKind);
    case 'boolean':
      return texts === undefined ? [ValueKind.boolean] : Object.values(ValueKind);
    case 'string':
      return [ValueKind.string];
    default:
      return [];
  }
}
