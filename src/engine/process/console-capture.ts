import { format, types } from 'node:util';

/** Takes what was printed, a text that may have lines, with the level it stands for. */
export type PrintSink = (level: string, text: string) => void;

const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const;
type Method = keyof typeof LEVELS;
const STREAMS = { stdout: 'info', stderr: 'error' } as const;
type StreamName = keyof typeof STREAMS;

/**
 * Of a line of a stream that has not ended yet, so much is kept.
 *
 * @bound tells: the line in run.log begins with how much is missing; specs/engine/console-capture.spec.ts "say how much of a long line is missing, unless that was written over"
 */
const MOST_LINE = 64 * 1024;

const consoleSinks = new Set<PrintSink>();
const streamSinks = new Set<PrintSink>();
const consolePatches = new Map<Method, Patch>();
const streamPatches = new Map<StreamName, Patch>();
/** Prints of the sinks and of log transports are not printed by the program. */
let isDeaf = false;

/** Something of ours in the place of a method. */
interface Patch {
  /** Takes it back; false where somebody has put something over it, and it stays, without anybody who listens. */
  readonly undo: () => boolean;
  /** Tells one who goes what there is of a line that has not ended; those who stay get it whole, and with the last it is forgotten. */
  readonly leave: (sink: PrintSink, isLast: boolean) => void;
}

/**
 * Hands all that the process prints to `sink` as well, until the returned function is called: by the methods of
 * `console`, or with `'streams'` by everything that is written to stdout and stderr.
 *
 * What is printed is printed as before. Nothing the sink prints, or throws, comes back.
 */
export function captureConsole(what: true | 'streams', sink: PrintSink): () => void {
  // A sink of its own: one that is given twice is to be taken away twice.
  const own: PrintSink = (level, text) => sink(level, text);
  return what === true
    ? listen(consoleSinks, own, consolePatches, namesOf(LEVELS), patchedMethod)
    : listen(streamSinks, own, streamPatches, namesOf(STREAMS), patchedStream);
}

/** Does what may print for the log and not for the program: no capture hears it. */
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
      // What cannot be formatted, console itself will complain of.
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

/** Cuts what is written to a stream into lines. */
class Lines {
  private rest = '';
  /** Characters of its beginning that are not in {@link rest}. */
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

  /** What there is of a line that has not ended. */
  sayRest(emit: (line: string) => void): void {
    this.say(this.rest, emit);
  }

  forget(): void {
    this.rest = '';
    this.lost = 0;
  }

  /** Says a line; where its beginning is gone, and was not written over, how much of it. */
  private say(line: string, emit: (line: string) => void): void {
    say(this.lost > 0 && !line.includes('\r') ? `[truncated ${this.lost} characters]…${line}` : line, emit);
    this.lost = 0;
  }
}

/** Of a line that was written over and over, as by a progress bar, the last state is what stood there. */
function say(line: string, emit: (line: string) => void): void {
  const shown = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  if (shown !== '') emit(shown);
}
