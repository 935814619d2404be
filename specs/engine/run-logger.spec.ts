import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import winston from 'winston';
import { parseLogLine } from '../../src/run/log-line.js';
import { createRunLogger } from '../../src/engine/run-logger.js';

/** As long as a spec may take. */
const PATIENTLY = { timeout: 250_000 };

let lines: string[];
let levels: string[];
let logger: winston.Logger;

beforeEach(() => {
  lines = [];
  levels = [];
  logger = createRunLogger(
    (level, line) => {
      levels.push(level);
      lines.push(line);
    },
    () => Date.UTC(2026, 0, 1, 12),
  );
});
afterEach(() => vi.restoreAllMocks());

/** The last line's message and meta. */
function last(): { readonly message: string; readonly meta: Readonly<Record<string, unknown>> } {
  const { message, meta } = parseLogLine(lines.at(-1) ?? '') ?? { message: 'no line', meta: {} };
  return { message, meta };
}

/** Adds a transport that collects, and gives it and what it collected. */
function addCollector(level?: string): {
  readonly infos: Record<string | symbol, unknown>[];
  readonly transport: winston.transports.StreamTransportInstance;
} {
  const infos: Record<string | symbol, unknown>[] = [];
  const stream = new Writable({
    objectMode: true,
    write: (info: Record<string | symbol, unknown>, _, done) => {
      infos.push(info);
      done();
    },
  });
  const transport = new winston.transports.Stream({ stream, ...(level !== undefined && { level }) });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types have no such subclass.
  logger.add(transport);
  return { infos, transport };
}

describe('a run logger', () => {
  it('has written the line when the call returns', () => {
    logger.info('epoch done', { epoch: 3 });
    expect(lines).toEqual(['2026-01-01T12:00:00.000Z INFO  epoch done {"epoch":3}\n']);
    expect(levels).toEqual(['info']);
  });

  it('writes every one of many messages, without a word on the console', () => {
    const error = vi.spyOn(console, 'error').mockReturnValue();
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (let i = 0; i < 5000; i++) logger.info(`message ${i}`);
    logger.close();
    expect(lines).toHaveLength(5000);
    expect(error).not.toHaveBeenCalled();
    expect(stderr).not.toHaveBeenCalled();
  });

  it('keeps all npm levels until its level says less', () => {
    for (const level of Object.keys(winston.config.npm.levels)) logger.log(level, 'm');
    expect(levels).toEqual(['error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly']);
    logger.level = 'warn';
    logger.info('hidden');
    logger.warn('seen');
    expect(lines.slice(7)).toHaveLength(1);
    expect(last().message).toBe('seen');
    expect([logger.isLevelEnabled('info'), logger.isWarnEnabled()]).toEqual([false, true]);
  });

  it('says nothing while it is silent', () => {
    logger.silent = true;
    logger.error('hidden');
    logger.silent = false;
    logger.error('seen');
    expect(lines).toHaveLength(1);
  });

  it('is winston: a logger, chained, with timers and profiles', () => {
    expect(logger).toBeInstanceOf(winston.Logger);
    expect(logger.info('a').warn('b').log('error', 'c')).toBe(logger);
    expect(levels).toEqual(['info', 'warn', 'error']);
    logger.profile('step');
    logger.profile('step');
    expect(last()).toEqual({ message: 'step', meta: { durationMs: expect.any(Number) as number } });
    logger.startTimer().done();
    expect(last()).toEqual({ message: '', meta: { durationMs: expect.any(Number) as number } });
    const { info } = logger;
    info('detached');
    expect(last().message).toBe('detached');
  });
});

describe('a call of a run logger', () => {
  it('fills in what stands behind the message', () => {
    logger.info('a %s is %d%%', 'b', 5);
    expect(last()).toEqual({ message: 'a b is 5%', meta: {} });
    logger.info('a %s', 'b', { c: 1 });
    expect(last()).toEqual({ message: 'a b', meta: { c: 1 } });
    logger.log({ level: 'warn', message: 'x %s', [Symbol.for('splat')]: ['y'] });
    expect(last()).toEqual({ message: 'x y', meta: {} });
  });

  it('loses nothing that has no place in the message', () => {
    logger.info('a', 'b', 3, [1, 2]);
    expect(last()).toEqual({ message: 'a b 3 [1,2]', meta: {} });
    logger.info('a', { message: 'b', c: 1 });
    expect(last()).toEqual({ message: 'a b', meta: { c: 1 } });
    logger.info('curriculum', { level: 3 });
    expect(last()).toEqual({ message: 'curriculum', meta: { level: 3 } });
    expect(levels.at(-1)).toBe('info');
    logger.info('m', JSON.parse('{"__proto__":{"a":1},"b":2}'));
    expect(JSON.stringify(last().meta)).toBe('{"__proto__":{"a":1},"b":2}');
    logger.info('nothing', {}, null, undefined);
    expect(last()).toEqual({ message: 'nothing', meta: {} });
  });

  it('takes an entry, with meta beside the message', () => {
    logger.log({ level: 'warn', message: 'm', a: 1 });
    expect(last()).toEqual({ message: 'm', meta: { a: 1 } });
    logger.info({ message: 'n', b: 2 });
    expect(last()).toEqual({ message: 'n', meta: { b: 2 } });
    logger.info({ a: 1 });
    expect(last().message).toBe('{"a":1}');
    expect(levels).toEqual(['warn', 'info', 'info']);
  });

  it('keeps the stack of an error, wherever it stands', () => {
    const error = new Error('boom', { cause: new Error('why') });
    const cause: unknown = expect.objectContaining({ message: 'why' });
    const meta = { stack: error.stack, cause };
    logger.error(error);
    expect(last()).toEqual({ message: 'boom', meta });
    logger.error('failed', error);
    expect(last()).toEqual({ message: 'failed boom', meta });
    logger.error('run %s failed', 'r1', error, { step: 3 });
    expect(last()).toEqual({ message: 'run r1 failed boom', meta: { ...meta, step: 3 } });
    Reflect.apply(logger.log, logger, [{ level: 'error', message: error }]);
    expect(last()).toEqual({ message: 'boom', meta });
    logger.error('failed', { error });
    expect(last().meta).toEqual({ error: { name: 'Error', message: 'boom', ...meta } });
    logger.child({ worker: 3 }).error(error);
    expect(last()).toEqual({ message: 'boom', meta: { worker: 3, ...meta } });
  });

  it('never changes what it is given', () => {
    const error = new Error('boom');
    const entry = { message: 'm', a: 1 };
    const splat = ['y', { b: 1 }];
    logger.error(error);
    logger.info(entry);
    logger.info(Object.freeze({ message: 'frozen' }));
    expect(last().message).toBe('frozen');
    logger.error(Object.freeze(new Error('cold')));
    expect(last().message).toBe('cold');
    logger.log({ level: 'info', message: '%s', [Symbol.for('splat')]: splat });
    expect(Reflect.ownKeys(error).sort()).toEqual(['message', 'stack']);
    expect(Reflect.ownKeys(entry)).toEqual(['message', 'a']);
    expect(splat).toEqual(['y', { b: 1 }]);
  });

  it('never throws because it is wrong', () => {
    const circular: Record<string, unknown> = { n: 1 };
    circular.self = circular;
    const thrower = {
      a: 1,
      get bad(): never {
        throw new Error('no');
      },
    };
    const hostile = new Proxy({}, { get: () => { throw new Error('p'); }, ownKeys: () => { throw new Error('k'); } }); // prettier-ignore
    const wrong: readonly unknown[] = [
      undefined,
      null,
      Symbol('s'),
      1n,
      circular,
      thrower,
      hostile,
      [hostile],
      () => 1,
      NaN,
      '',
    ];
    for (const value of wrong) {
      for (const args of [[value], ['m', value], ['%s %d %j %o', value], [value, value], ['m', 'n', value]]) {
        Reflect.apply(logger.info, logger, args);
        Reflect.apply(logger.log, logger, args);
        Reflect.apply(logger.log, logger, ['warn', ...args]);
        Reflect.apply(logger.child({ w: 1 }).info, logger.child({ w: 1 }), args);
      }
    }
    Reflect.apply(logger.log, logger, []);
    logger.write('text');
    logger.write(hostile);
    expect(lines).toHaveLength(wrong.length * 5 * 4 + 3);
    expect(lines.every((line) => parseLogLine(line) !== undefined)).toBe(true);
    logger.info('m', thrower);
    expect(last().message).toBe('m {"a":1,"bad":"[Thrown: no]"}');
    logger.log('hello' as unknown as winston.LogEntry);
    expect(last().message).toBe('hello');
  });

  it('may have a callback, which only a write calls', async () => {
    const callback = vi.fn();
    logger.info('m', { a: 1 }, callback);
    expect(last()).toEqual({ message: 'm', meta: { a: 1 } });
    await new Promise<void>((resolve) => logger.write({ level: 'info', message: 'w' }, () => resolve()));
    expect(last().message).toBe('w');
    expect(callback).not.toHaveBeenCalled();
  });

  it('passes on what the log itself throws', () => {
    const full = createRunLogger(() => {
      throw new RangeError('full');
    });
    expect(() => full.info('m')).toThrow(RangeError);
  });
});

describe('a child of a run logger', () => {
  it('carries its meta, over that of the logger, under that of the call', () => {
    logger.defaultMeta = { run: 'r', worker: 0 };
    const child = logger.child({ worker: 3, phase: 'a' });
    child.info('m', { phase: 'b' });
    expect(last().meta).toEqual({ run: 'r', worker: 3, phase: 'b' });
    child.child({ batch: 1 }).warn('n %s', 'x');
    expect(last()).toEqual({ message: 'n x', meta: { run: 'r', worker: 3, phase: 'a', batch: 1 } });
    logger.info('m');
    expect(last().meta).toEqual({ run: 'r', worker: 0 });
  });
});

describe('transports added to a run logger', () => {
  it('get every message too, in winston’s form, by their own level', async () => {
    logger.info('before');
    const all = addCollector();
    const errors = addCollector('error');
    logger.level = 'error';
    logger.child({ w: 1 }).error('a %s', 'b', { level: 3 });
    logger.warn('c');
    logger.level = 'silly';
    logger.info('d');
    await vi.waitFor(() => expect(all.infos).toHaveLength(2), PATIENTLY);
    expect(all.infos[0]).toMatchObject({ level: 'error', message: 'a b', w: 1 });
    expect(all.infos[0]?.[Symbol.for('message')]).toBe(
      '2026-01-01T12:00:00.000Z ERROR a b {"w":1,"level":3}',
    );
    expect(all.infos[1]).toMatchObject({ level: 'info', message: 'd' });
    expect(errors.infos).toHaveLength(1);
    expect(lines).toHaveLength(3);
  });

  it('use the logger’s format, which the run log does not', async () => {
    const { infos } = addCollector();
    logger.format = winston.format.json();
    logger.info('m', { a: 1 });
    await vi.waitFor(() => expect(infos).toHaveLength(1), PATIENTLY);
    expect(infos[0]?.[Symbol.for('message')]).toBe('{"a":1,"level":"info","message":"m"}');
    expect(last()).toEqual({ message: 'm', meta: { a: 1 } });
  });

  it('may fail without an exception, and the run log says so', () => {
    const { transport } = addCollector();
    transport.emit('error', new Error('disk full'));
    expect(last().message).toBe('a log transport failed');
    expect(last().meta).toMatchObject({ error: { message: 'disk full' } });
    logger.format = winston.format(() => {
      throw new Error('bad format');
    })();
    logger.info('m');
    expect(lines.map((line) => parseLogLine(line)?.message)).toEqual([
      'a log transport failed',
      'm',
      'a log transport failed',
    ]);
  });

  it('have all messages when the logger has finished, and none after', async () => {
    const { infos } = addCollector();
    for (let i = 0; i < 500; i++) logger.info(`m${i}`);
    const finished = new Promise((resolve) => logger.once('finish', resolve));
    logger.end();
    logger.info('after the end');
    await finished;
    expect(infos).toHaveLength(500);
    expect(lines).toHaveLength(501);
    logger.close();
    logger.end();
    logger.child({ a: 1 }).info('after close');
    expect(last()).toEqual({ message: 'after close', meta: { a: 1 } });
  });
});
