import { randomUUID } from 'node:crypto';
import stringWidth from 'string-width';
import { jsonText } from '../model/json-text.js';
import { printable } from '../model/printable.js';
import { quantity } from '../pure/quantity.js';
import { GAP, fitColumns } from './fit-columns.js';

/** The exit codes of every command; `gate` is that of a run that fails its gate. */
export const ExitCode = { ok: 0, usage: 1, invalid: 2, io: 3, locked: 4, gate: 5 } as const;

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
const CODES: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' };
/** Work that takes longer than this shows its progress. */
const PATIENCE_MS = 1000;
const PROGRESS_MS = 100;
const DEFAULT_WIDTH = 80;
const INDENT = '  ';
/**
 * Blocks of columns that a table prints; nobody reads further to the right.
 *
 * @bound tells: a line below the table says how many columns; specs/cli/left-out.spec.ts "says how
 * many columns of a table are not there, and that there are more rows"
 */
const MAX_BLOCKS = 12;

/** A cell of a table: printable text, or text with its style. */
export type Cell = string | { readonly text: string; readonly style: Style };

/**
 * Prints a command's output: with colours on a terminal only, and only if `NO_COLOR` is not set.
 */
export class Terminal {
  /** True if the output is a terminal and `NO_COLOR` is not set. */
  readonly isColoured: boolean;
  private readonly begun = performance.now();
  private toldAt = 0;
  private clock: NodeJS.Timeout | undefined;

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly err: NodeJS.WriteStream,
  ) {
    this.isColoured = out.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  }

  /** The width of the terminal in columns; Infinity without a terminal. */
  get width(): number {
    return this.out.isTTY ? this.out.columns || DEFAULT_WIDTH : Infinity;
  }

  print(text: string): void {
    this.clearProgress();
    this.out.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.print(harmlessJson(value, 2));
  }

  /** Prints one value per line. */
  jsonLine(value: unknown): void {
    this.print(harmlessJson(value));
  }

  /**
   * Prints text for another program as it is; on a terminal, control characters become escapes.
   */
  printExactly(text: string): void {
    this.clearProgress();
    this.out.write(this.out.isTTY ? printableText(text) : text);
  }

  /** Reports an error on stderr; control characters in the message are made harmless. */
  complain(text: string): void {
    this.clearProgress();
    this.err.write(`${printableText(`expman: ${text}`)}\n`);
  }

  /**
   * Shows the progress of long work on the terminal's last line; does nothing without a terminal.
   */
  progress(text: string): void {
    const now = performance.now();
    if (!this.err.isTTY || now - this.begun < PATIENCE_MS || now - this.toldAt < PROGRESS_MS) return;
    this.toldAt = now;
    this.err.write(`\r\u001b[K${text}`);
  }

  /**
   * Shows the time taken by work that reports no progress, every second until something is printed.
   */
  waiting(text: string): void {
    this.clearProgress();
    const begun = performance.now();
    // The work leaves the event loop free, so that Ctrl-C need not wait for its end.
    process.once('SIGINT', this.interrupted);
    this.clock = setInterval(() => {
      this.progress(`${text}, ${Math.round((performance.now() - begun) / 1000)} s`);
    }, PATIENCE_MS).unref();
  }

  clearProgress(): void {
    clearInterval(this.clock);
    process.removeListener('SIGINT', this.interrupted);
    if (this.toldAt === 0) return;
    this.toldAt = 0;
    this.err.write('\r\u001b[K');
  }

  /** Lets Ctrl-C end the process as usual, but leaves no half line. */
  private readonly interrupted = (): void => {
    this.clearProgress();
    process.kill(process.pid, 'SIGINT');
  };

  style(style: Style, text: string): string {
    return this.isColoured ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
  }

  /**
   * Prints rows with aligned columns, the first row as the heading; on a terminal they are cut to
   * fit.
   *
   * @param right - the headings of columns to align right, such as counts
   */
  table(rows: readonly (readonly Cell[])[], right: readonly string[] = []): void {
    const natural = (rows[0] ?? []).map((_, column) =>
      rows.reduce((width, row) => Math.max(width, stringWidth(cellText(row[column] ?? ''))), 0),
    );
    const isRight = (rows[0] ?? []).map((cell) => right.includes(cellText(cell)));
    const { widths, blocks } = fitColumns(natural, this.width - INDENT.length);
    blocks.slice(0, MAX_BLOCKS).forEach((columns, block) => {
      if (block > 0) this.print('');
      rows.forEach((row, index) => {
        const line = columns
          .map((column) => this.cell(row[column] ?? '', widths[column] ?? 0, isRight[column] ?? false))
          .join(' '.repeat(GAP))
          .trimEnd();
        this.print(`${INDENT}${index === 0 ? this.style('dim', line) : line}`);
      });
    });
    const left = blocks.slice(MAX_BLOCKS).reduce((sum, columns) => sum + columns.length - 1, 0);
    if (left > 0) this.print(`\n${INDENT}… and ${quantity(left, 'more columns')}`);
  }

  private cell(cell: Cell, width: number, isRight: boolean): string {
    const text = cutTo(cellText(cell), width);
    const padded = isRight ? padding(text, width) + text : text + padding(text, width);
    return typeof cell === 'string' ? padded : this.style(cell.style, padded);
  }
}

const printableText = (text: string): string => text.split('\n').map(printable).join('\n');
const cellText = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);
const padding = (text: string, width: number): string => ' '.repeat(Math.max(0, width - stringWidth(text)));

/** Cuts a text to a width; an ellipsis marks the cut. */
export function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let [cut, used] = ['', 0];
  for (const char of text) {
    used += stringWidth(char);
    if (used > width - 1) break;
    cut += char;
  }
  return `${cut}…`;
}

// A terminal obeys C1 and bidirectional controls; JSON leaves them unescaped.
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Stands for -0, which `JSON.stringify` writes as 0; no run can contain it. */
const NEGATIVE_ZERO = randomUUID();

/** Writes a bigint as a number if every JSON reader returns it exactly, and keeps -0. */
function asNumber(value: unknown): unknown {
  if (Object.is(value, -0)) return NEGATIVE_ZERO;
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Writes JSON that a terminal obeys in no part. */
export function harmlessJson(value: unknown, indent?: number): string {
  const text = jsonText(value, indent, asNumber).replaceAll(`"${NEGATIVE_ZERO}"`, '-0');
  return text.replace(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
