/** A row as the rule of joining has it, worked out with plain maps. */
export interface ModelRow {
  readonly session: number;
  readonly step: bigint | null;
  readonly stamp: number | undefined;
  readonly values: Map<string, unknown>;
}

/** One value, as text: what a run must hold however it was flushed. */
export type Cell = readonly [session: number, step: string, metric: string, value: string];

const WINDOW = 1_024;

/** What a run holds, by the rule of joining and of rewinding. */
export class RowModel {
  rows: ModelRow[] = [];
  accepted = 0;
  rewound = 0;
  private session = 0;
  private sessionRows: ModelRow[] = [];

  begin(session: number, fromStep: number | bigint | undefined): void {
    this.session = session;
    this.sessionRows = [];
    if (fromStep === undefined) return;
    const left = this.rows.filter(({ step }) => step === null || step < fromStep);
    this.rewound += this.rows.length - left.length;
    this.rows = left;
  }

  log({
    step: given,
    timestamp,
    values,
  }: {
    readonly step: unknown;
    readonly timestamp: number | undefined;
    readonly values: Readonly<Record<string, unknown>>;
  }): void {
    this.accepted++;
    const step = stepOf(given);
    const taken = Object.entries(values).filter(([, value]) => isTaken(value));
    const latest = step === null ? undefined : this.sessionRows.findLast((row) => row.step === step);
    const isNear =
      latest !== undefined && this.sessionRows.lastIndexOf(latest) >= this.sessionRows.length - WINDOW;
    let row = latest;
    if (
      latest === undefined ||
      !isNear ||
      latest.stamp !== timestamp ||
      taken.some(([metric]) => latest.values.has(metric))
    ) {
      row = { session: this.session, step, stamp: timestamp, values: new Map() };
      this.rows.push(row);
      this.sessionRows.push(row);
    }
    for (const [metric, value] of taken) row?.values.set(metric, value);
  }

  copy(): RowModel {
    const copy = new RowModel();
    copy.rows = this.rows.map((row) => ({ ...row, values: new Map(row.values) }));
    copy.sessionRows = copy.rows.filter(({ session }) => session === this.session);
    copy.session = this.session;
    copy.accepted = this.accepted;
    copy.rewound = this.rewound;
    return copy;
  }

  get lastStep(): bigint | null {
    return this.rows.reduce<bigint | null>(
      (last, { step }) => (step !== null && (last === null || step > last) ? step : last),
      null,
    );
  }

  cells(): Cell[][] {
    return this.rows.map(({ session, step, values }) => cellsOf(session, step, values));
  }
}

/** The values of a row, in one order. */
export const cellsOf = (
  session: number,
  step: number | bigint | null,
  values: Iterable<readonly [string, unknown]>,
): Cell[] =>
  [...values]
    .map(([metric, value]): Cell => [session, String(step), metric, textOf(value)])
    .sort(([, , one], [, , other]) => (one < other ? -1 : 1));

/** A text in quotes; a number or bigint by its exact value, for an integer is the same however it was logged. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Object.is(value, -0)) return '-0';
  return String(typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value);
}

function stepOf(given: unknown): bigint | null {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? BigInt(given) : null;
  return typeof given === 'bigint' && BigInt.asIntN(64, given) === given ? given : null;
}

function isTaken(value: unknown): boolean {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value;
  return ['number', 'boolean', 'string'].includes(typeof value);
}
