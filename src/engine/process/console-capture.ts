import { format, types } from 'node:util';

/** Receives printed text, which may have several lines, with its level. */
export type PrintSink = (level: string, text: string) => void;

const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const;
type Method = keyof typeof LEVELS;
const STREAMS = { stdout: 'info', stderr: 'error' } as const;
type StreamName = keyof typeof STREAMS;

/**
 * The most characters kept of an unfinished line of a stream.
 *
 * @bound tells: the line in run.log begins with how much is missing; specs/engine/console-capture.spec.ts "say how much of a long line is missing, unless that was written over"
 */
const MOST_LINE = 64 * 1024;

const consoleSinks = new Set<PrintSink>();
const streamSinks = new Set<PrintSink>();
const consolePatches = new Map<Method, Patch>();
const streamPatches = new Map<StreamName, Patch>();
/** True while sinks or log transports print, which is not output of the program. */
let isDeaf = false;

/** A patched method. */
interface Patch {
  /**
   * Restores the original; false if another patch is on top, so that this one stays, without
   * listeners.
   */
  readonly undo: () => boolean;
  /**
   * Passes an unfinished line to a sink that leaves; the other sinks get the complete line later,
   * and with the last sink it is dropped.
   */
  readonly leave: (sink: PrintSink, isLast: boolean) => void;
}

/**
 * Passes everything the process prints to `sink` as well, until the returned function is called:
 * the calls of `console`, or with `'streams'` everything written to stdout and stderr.
 *
 * Output is printed as before. Output and errors of the sink are not captured.
 */
export function captureConsole(what: true | 'streams', sink: PrintSink): () => void {
  // A wrapper, so that a sink that is added twice can be removed twice.
  const own: PrintSink = (level, text) => sink(level, text);
  return what === true
    ? listen(consoleSinks, own, consolePatches, namesOf(LEVELS), patchedMethod)
    : listen(streamSinks, own, streamPatches, namesOf(STREAMS), patchedStream);
}

/** Runs work whose output belongs to the log and not to the program, without capturing it. */
export function uncaptured<T>(work: () => T): T {
  const before = isDeaf;
  isDeaf = true;
  try {
    return work();
  } finally {
    isDeaf = before;
  }
}

function listen<K extends string>(
  sinks: Set<PrintSink>,
  sink: PrintSink,
  patches: Map<K, Patch>,
  names: readonly K[],
  patch: (name: K) => Patch,
): () => void {
  for (const name of names) if (!patches.has(name)) patches.set(name, patch(name));
  sinks.add(sink);
  return () => {
    if (!sinks.delete(sink)) return;
    const isLast = sinks.size === 0;
    for (const { leave } of patches.values()) leave(sink, isLast);
    if (isLast) for (const [name, { undo }] of patches) if (undo()) patches.delete(name);
  };
}

function notifySinks(sinks: ReadonlySet<PrintSink>, level: string, text: () => string): void {
  if (isDeaf || sinks.size === 0) return;
  uncaptured(() => {
    try {
      const said = text();
      for (const sink of sinks) sink(level, said);
    } catch {
      // console itself reports what cannot be formatted.
    }
  });
}

function patchedMethod(method: Method): Patch {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it is, and called on its own console
  const original = console[method];
  const patched = (...args: unknown[]): void => {
    notifySinks(consoleSinks, LEVELS[method], () => format(...args));
    Reflect.apply(original, console, args);
  };
  console[method] = patched;
  const undo = (): boolean => {
    if (console[method] !== patched) return false;
    console[method] = original;
    return true;
  };
  return { undo, leave: () => undefined };
}

function patchedStream(name: StreamName): Patch {
  const stream = process[name];
  const isOwn = Object.hasOwn(stream, 'write');
  // eslint-disable-next-line @typescript-eslint/unbound-method -- as above
  const original = stream.write;
  const lines = new Lines((line) => notifySinks(streamSinks, STREAMS[name], () => line));
  const patched = (...args: unknown[]): unknown => {
    if (!isDeaf && streamSinks.size > 0) lines.write(args[0]);
    return Reflect.apply(original, stream, args);
  };
  stream.write = patched as typeof original;
  const undo = (): boolean => {
    if (stream.write !== patched) return false;
    if (isOwn) stream.write = original;
    else Reflect.deleteProperty(stream, 'write');
    return true;
  };
  const leave = (sink: PrintSink, isLast: boolean): void => {
    lines.sayRest((line) => notifySinks(new Set([sink]), STREAMS[name], () => line));
    if (isLast) lines.forget();
  };
  return { undo, leave };
}

const namesOf = <K extends string>(table: Readonly<Record<K, unknown>>): K[] => Object.keys(table) as K[];

/** Splits the output of a stream into lines. */
class Lines {
  private rest = '';
  /** The number of characters at its beginning that are not in {@link rest}. */
  private lost = 0;

  constructor(private readonly emit: (line: string) => void) {}

  write(chunk: unknown): void {
    if (typeof chunk !== 'string' && !types.isUint8Array(chunk)) return;
    const parts = (this.rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())).split(
      '\n',
    );
    const rest = parts.pop() ?? '';
    for (const line of parts) this.say(line, this.emit);
    this.rest = rest.slice(-MOST_LINE);
    this.lost += rest.length - this.rest.length;
  }

  /** Emits an unfinished line. */
  sayRest(emit: (line: string) => void): void {
    this.say(this.rest, emit);
  }

  forget(): void {
    this.rest = '';
    this.lost = 0;
  }

  /**
   * Emits a line; if its beginning is lost, and was not overwritten, with the number of lost
   * characters.
   */
  private say(line: string, emit: (line: string) => void): void {
    say(this.lost > 0 && !line.includes('\r') ? `[truncated ${this.lost} characters]…${line}` : line, emit);
    this.lost = 0;
  }
}

/** Emits a line; if it was overwritten repeatedly, as by a progress bar, only its last state. */
function say(line: string, emit: (line: string) => void): void {
  const shown = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  if (shown !== '') emit(shown);
}
