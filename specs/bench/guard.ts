import { readFileSync, writeFileSync } from 'node:fs';

/** A number that should stay as it is on any machine. */
export interface Guard {
  readonly name: string;
  readonly value: number;
  readonly better: 'less' | 'more';
}

/** One guard, as figures carry them. */
export const guard = (name: string, value: number, better: Guard['better'] = 'less'): readonly Guard[] => [
  { name, value, better },
];

const TABLE = new URL('ratios.json', import.meta.url);

/** The numbers of the committed table, by case and name. */
type Table = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What one case measured. */
export interface Guarded {
  readonly name: string;
  readonly guards: readonly Guard[];
}

/** Returns a line for each number that is worse than in the table by more than `share`, or not in it. */
export function fallen(measured: readonly Guarded[], share: number, table = read()): readonly string[] {
  return measured.flatMap(({ name, guards }) =>
    guards.flatMap(({ name: what, value, better }) => {
      const known = table[name]?.[what];
      if (known === undefined)
        return [
          `${name}, ${what}: ${text(value)}, which ratios.json lacks; npm run bench -- --remember ${name}`,
        ];
      const worse = better === 'less' ? value / known - 1 : known / value - 1;
      return worse <= share
        ? []
        : [`${name}, ${what}: ${text(value)}, ${text(known)} before: ${(100 * worse).toFixed(0)} % worse`];
    }),
  );
}

/** Writes the numbers of some cases into the table; the other cases keep theirs. */
export function remember(measured: readonly Guarded[]): void {
  const table = {
    ...read(),
    ...Object.fromEntries(
      measured
        .filter(({ guards }) => guards.length > 0)
        .map(({ name, guards }) => [
          name,
          Object.fromEntries(guards.map(({ name: what, value }) => [what, Number(text(value))])),
        ]),
    ),
  };
  writeFileSync(TABLE, `${JSON.stringify(table, null, 2)}\n`);
}

const read = (): Table => JSON.parse(readFileSync(TABLE, 'utf8')) as Table;

const text = (value: number): string => String(Number(value.toPrecision(3)));
