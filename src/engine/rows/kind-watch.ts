import { ValueKind } from '../../channel/chunk-layout.js';
import { isMapping, type Mapping } from '../../run/run-record.js';

const WORDS: Readonly<Record<ValueKind, string>> = {
  [ValueKind.number]: 'number',
  [ValueKind.bigint]: 'bigint',
  [ValueKind.boolean]: 'boolean',
  [ValueKind.string]: 'string',
};

/** A metric's change of type, in the words of JavaScript. */
export interface KindChange {
  readonly from: string;
  readonly to: string;
}

/** Notices when a metric is logged as another type than before; asked only when a row has a new shape. */
export class KindWatch {
  private readonly kinds: Map<string, readonly ValueKind[]>;

  /** @param before - what run.yaml says of the metrics of a run that is taken up again */
  constructor(before: Mapping) {
    this.kinds = new Map(
      Object.entries(before).flatMap(([metric, said]) => {
        const kinds = isMapping(said) ? kindsBehind(said) : [];
        return kinds.length === 0 ? [] : [[metric, kinds] as const];
      }),
    );
  }

  /** The change that a value of `kind` is; null if it is not a change. */
  changeTo(metric: string, kind: ValueKind): KindChange | null {
    const known = this.kinds.get(metric);
    if (known === undefined) this.kinds.set(metric, [kind]);
    const [first = kind] = known ?? [];
    return known?.includes(kind) === false ? { from: WORDS[first], to: WORDS[kind] } : null;
  }
}

/** The kinds a metric had, by its summary: a number may have been a bigint, and of one that had texts among its numbers all was said. */
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
