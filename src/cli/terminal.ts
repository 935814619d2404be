/** The exit codes of every command. */
export const ExitCode = { ok: 0, usage: 1, invalid: 2, io: 3, locked: 4 } as const;

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
const CODES: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' };

/** Where a command prints: colours on a terminal only, and not where `NO_COLOR` asks for none. */
export class Terminal {
  private readonly coloured: boolean;

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly err: NodeJS.WriteStream,
  ) {
    this.coloured = out.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  }

  print(text: string): void {
    this.out.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.print(JSON.stringify(value, replacer, 2));
  }

  complain(text: string): void {
    this.err.write(`expman: ${text}\n`);
  }

  style(style: Style, text: string): string {
    return this.coloured ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
  }

  /** Prints rows with their columns aligned, the first row being the heading. */
  table(rows: readonly (readonly string[])[]): void {
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? '').length)),
    );
    rows.forEach((row, index) => {
      const line = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      this.print(`  ${index === 0 ? this.style('dim', line) : line}`);
    });
  }
}

/** What JSON has no words for: bigints and the numbers that are none as text, maps as objects. */
function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Map) return Object.fromEntries(value as ReadonlyMap<string, unknown>);
  return value;
}
