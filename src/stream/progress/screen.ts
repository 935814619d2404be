import { types } from 'node:util';
import { createLogUpdate } from 'log-update';
import { widthOf } from './text-width.js';

/** Erases the line of the cursor, and goes up one. */
const ERASE_LINE_ABOVE = '\u001b[2K\u001b[1A';

/** A stream to draw on: `process.stderr`, another terminal, or a file. */
export interface ProgressStream {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The `write` of a stream, which also accepts bytes, an encoding and a callback. */
type Write = (...args: readonly unknown[]) => boolean;

/**
 * Lines at the bottom of a terminal that are redrawn repeatedly, below all other output.
 *
 * While there are lines, writes to the `others` (and to the stream itself) first clear them and
 * then redraw them after the output, so a logger's console output is above them. The cursor is
 * never hidden: a process may end at any time.
 */
export class Screen {
  private readonly update: ReturnType<typeof createLogUpdate>;
  private readonly hooks: (() => void)[] = [];
  private text = '';
  /** The lines on the terminal now; empty while they are cleared. */
  private shown = '';
  /** The columns of the terminal when the lines were drawn. */
  private drawnAt = 0;
  private drawing = false;
  private lineIsOpen = false;

  constructor(
    private readonly stream: ProgressStream,
    private readonly others: readonly ProgressStream[],
  ) {
    this.update = createLogUpdate(stream as NodeJS.WritableStream, { showCursor: true });
  }

  get columns(): number {
    return this.stream.columns ?? 80;
  }

  /** The number of lines for which there is room. */
  get rows(): number {
    return Math.max(1, (this.stream.rows ?? 24) - 1);
  }

  draw(lines: readonly string[]): void {
    if (lines.length === 0) {
      this.leave();
      return;
    }
    if (this.hooks.length === 0)
      for (const stream of new Set([this.stream, ...this.others])) this.hook(stream);
    this.text = lines.join('\n');
    this.redraw();
  }

  /** Prints a permanent line above those that are drawn. */
  print(line: string): void {
    this.above(() => this.stream.write(`${line}\n`));
  }

  /** Clears the lines and removes all hooks. */
  leave(): void {
    if (this.hooks.length === 0) return;
    this.clear();
    this.text = '';
    for (const unhook of this.hooks.splice(0)) unhook();
  }

  private redraw(): void {
    if (this.text === '') return;
    this.quietly(() => {
      if (this.lineIsOpen) this.stream.write('\n');
      this.lineIsOpen = false;
      this.rise();
      this.update(this.text);
      this.shown = this.text;
      this.drawnAt = this.columns;
    });
  }

  private clear(): void {
    this.quietly(() => {
      this.rise();
      this.update.clear();
      this.shown = '';
    });
  }

  /**
   * Erases what a narrower terminal has made of the lines on it: it wraps them, so there are more
   * than were drawn.
   */
  private rise(): void {
    const { columns, drawnAt, shown } = this;
    if (shown === '' || columns >= drawnAt) return;
    const wrapped = shown
      .split('\n')
      .reduce((sum, line) => sum + Math.max(0, Math.ceil(widthOf(line) / columns) - 1), 0);
    this.stream.write(ERASE_LINE_ABOVE.repeat(wrapped));
    this.drawnAt = columns;
  }

  private above<T>(write: () => T): T {
    if (this.text !== '') this.clear();
    const result = this.quietly(write);
    this.redraw();
    return result;
  }

  /** Runs `work`, whose output is our own. */
  private quietly<T>(work: () => T): T {
    const before = this.drawing;
    this.drawing = true;
    try {
      return work();
    } finally {
      this.drawing = before;
    }
  }

  private hook(stream: ProgressStream): void {
    const own = Object.getOwnPropertyDescriptor(stream, 'write');
    const original = stream.write.bind(stream) as Write;
    const write: Write = (...args) => {
      if (this.drawing) return original(...args);
      if (this.text !== '') this.clear();
      const result = this.quietly(() => original(...args));
      this.lineIsOpen = !endsLine(args[0]);
      // Output that ends within a line continues there; the next drawing begins a new line.
      if (!this.lineIsOpen) this.redraw();
      return result;
    };
    Object.defineProperty(stream, 'write', { value: write, configurable: true, writable: true });
    this.hooks.push(() => {
      if (own === undefined) Reflect.deleteProperty(stream, 'write');
      else Object.defineProperty(stream, 'write', own);
    });
  }
}

const endsLine = (chunk: unknown): boolean =>
  typeof chunk === 'string' ? chunk.endsWith('\n') : types.isUint8Array(chunk) && chunk.at(-1) === 10;
