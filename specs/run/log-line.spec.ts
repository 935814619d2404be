import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLogLine, MAX_LINE_LENGTH, parseLogLine } from '../../src/run/log-line.js';

const NOON = Date.UTC(2026, 0, 1, 12);
const LEVELS = ['error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly'];

/** The line of a message without its newline. */
function line(message: unknown, meta?: object, level = 'info'): string {
  return formatLogLine(level, message, meta, NOON).slice(0, -1);
}

/** Only what is behind the time and the level. */
const said = (message: unknown, meta?: object): string => line(message, meta).slice(31);

describe('a log line', () => {
  it('is a time, a level, the message, its meta and a newline', () => {
    expect(formatLogLine('info', 'epoch done', { epoch: 3 }, NOON)).toBe(
      '2026-01-01T12:00:00.000Z INFO  epoch done {"epoch":3}\n',
    );
    expect(formatLogLine('verbose', 'm', {}, NOON)).toBe('2026-01-01T12:00:00.000Z VERBOSE m\n');
    expect(formatLogLine('info', 'm', undefined, NaN)).toBe('1970-01-01T00:00:00.000Z INFO  m\n');
  });

  it.each([
    ['a newline', 'a\nb', 'a\\nb'],
    ['a return and a tab', 'a\r\tb', 'a\\r\\tb'],
    ['an escape sequence', '\u001b[31mred', '\\u001b[31mred'],
    ['NUL, DEL and C1', '\0\u007f\u009b', '\\u0000\\u007f\\u009b'],
    ['what turns the direction', '\u202e\u2066\u200f', '\\u202e\\u2066\\u200f'],
    ['line separators', '\u2028\u2029\u0085', '\\u2028\\u2029\\u0085'],
    ['a lone surrogate', 'a\ud800', 'a\\ud800'],
    ['a backslash', 'C:\\new', 'C:\\\\new'],
  ])('shows %s of message and meta escaped', (_, raw, shown) => {
    expect(said(raw)).toBe(shown);
    expect(line('m', { k: raw })).not.toMatch(/[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069\u200f]/u);
    expect(parseLogLine(line('m', { k: raw, [raw]: 1 }))?.meta).toEqual({ k: raw, [raw]: 1 });
  });

  it('shows no secret, as parameters do', () => {
    expect(
      said('at redis://:pw@h', {
        openai: { key: 'k1' },
        argv: ['--hf-token', 'k2', '--lr', '0.1'],
        env: [{ name: 'API_KEY', value: 'k3' }],
        password: 1234,
        headers: new Map([['Authorization', 'Bearer k4']]),
        max_tokens: 'auto',
      }),
    ).toBe(
      'at redis://:[redacted]@h {"openai":{"key":"[redacted]"},"argv":["--hf-token","[redacted]","--lr","0.1"],' +
        '"env":[{"name":"API_KEY","value":"[redacted]"}],"password":"[redacted]","headers":{"Authorization":"[redacted]"},"max_tokens":"auto"}',
    );
  });

  it('lets printable text of any language be', () => {
    expect(said('Verlust ↓ 損失 🚀')).toBe('Verlust ↓ 損失 🚀');
  });

  it('shows what JSON has no word for', () => {
    const circular: Record<string, unknown> = { n: 1 };
    circular.self = circular;
    expect(said('m', { circular })).toBe('m {"circular":{"n":1,"self":"[Circular]"}}');
    expect(said('m', { big: 12n, f: function train() {}, s: Symbol('x') })).toBe(
      'm {"big":"12","f":"[Function train]","s":"Symbol(x)"}',
    ); // prettier-ignore
    expect(said('m', { nan: NaN, inf: -Infinity, none: undefined, list: [undefined] })).toBe(
      'm {"nan":"NaN","inf":"-Infinity","list":[null]}',
    );
    expect(
      said('m', { map: new Map([['a', new Set([1])]]), at: new Date(0), bytes: Buffer.from('ab') }),
    ).toBe('m {"map":{"a":[1]},"at":"1970-01-01T00:00:00.000Z","bytes":[97,98]}');
  });

  it('shows the same object twice when it does not hold itself', () => {
    const shared = { a: 1 };
    expect(said('m', { x: shared, y: shared })).toBe('m {"x":{"a":1},"y":{"a":1}}');
  });

  it('keeps the name, stack, cause and code of an error in meta', () => {
    const error = Object.assign(new TypeError('bad', { cause: new Error('why') }), { code: 'E1' });
    const { meta } = parseLogLine(line('failed', { error })) ?? {};
    expect(meta).toEqual({
      error: {
        name: 'TypeError',
        message: 'bad',
        stack: error.stack,
        cause: expect.objectContaining({ message: 'why' }) as unknown,
        code: 'E1',
      },
    });
  });

  it('keeps the rest of meta when a part of it throws', () => {
    const meta = {
      before: 1,
      get bad(): never {
        throw new Error('no');
      },
      json: {
        toJSON: (): never => {
          throw new Error('never');
        },
      },
      after: 2,
    };
    expect(said('m', meta)).toBe('m {"before":1,"bad":"[Thrown: no]","json":"[Thrown: never]","after":2}');
  });

  it('never throws and is always one line, whatever it is given', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('get');
        },
        ownKeys: () => {
          throw Object.create(null) as Error;
        },
      },
    );
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const values: readonly unknown[] = [null, undefined, Symbol('s'), 1n, hostile, revoked.proxy, [hostile], Object.create(null), { toJSON: () => hostile }]; // prettier-ignore
    for (const value of values) {
      for (const text of [
        formatLogLine('x\ny', value, { value }, 1e99),
        formatLogLine('', 'm', Object(value) as object, 0),
      ]) {
        expect(text).toMatch(/^[^\n]+\n$/);
        expect(parseLogLine(text)).toBeDefined();
      }
    }
    fc.assert(
      fc.property(
        fc.anything(),
        fc.object({ withBigInt: true, withMap: true, withTypedArray: true }),
        (message, meta) => {
          expect(formatLogLine('info', message, meta, NOON)).toMatch(/^[^\n]+\n$/);
        },
      ),
    );
  });
});

describe('a log line that is too long', () => {
  it.each([
    ['a message', 'x'.repeat(1e6), {}],
    ['a message of what is escaped', '\u001b'.repeat(1e5), {}],
    ['one text of meta', 'm', { text: 'é'.repeat(1e6), after: 1 }],
    ['many keys', 'm', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key${i}`, i]))],
    ['many items', 'm', { items: Array.from({ length: 100_000 }, () => []) }],
    ['a large array', 'm', { values: new Float64Array(1e7).fill(-1.2345678901234567e-100) }],
    ['both', 'x'.repeat(1e6), { text: 'y'.repeat(1e6) }],
  ])('is cut within its length and says so: %s', (_, message, meta) => {
    const text = line(message, meta);
    expect(text.length).toBeLessThanOrEqual(MAX_LINE_LENGTH);
    expect(text.length).toBeGreaterThan(MAX_LINE_LENGTH / 3);
    expect(text).toMatch(/\[truncated \d+ (?:characters|keys|items)\]/);
    expect(parseLogLine(text)?.message.slice(0, 1)).toBe(message.slice(0, 1));
  });

  it('counts what is cut off', () => {
    const { message = '' } = parseLogLine(line('é'.repeat(100_000))) ?? {};
    const [, kept = '', count] = /^(é+)…\[truncated (\d+) characters\]$/.exec(message) ?? [];
    expect(kept.length + Number(count)).toBe(100_000);
  });

  it('still ends in meta that can be read, and both have their share', () => {
    const { message = '', meta } = parseLogLine(line('x'.repeat(1e6), { text: 'y'.repeat(1e6), z: 1 })) ?? {};
    expect(message.length).toBeGreaterThan(20_000);
    expect(String(meta?.text).length).toBeGreaterThan(20_000);
  });

  it('is cut in depth', () => {
    let deep: Record<string, unknown> = {};
    for (let depth = 0; depth < 10_000; depth++) deep = { deep };
    expect(line('m', deep)).toContain('"[Object]"');
    expect(line('m', deep).length).toBeLessThan(500);
  });
});

describe('a log line read back', () => {
  const jsonObject = fc.dictionary(
    fc.string({ unit: 'binary' }),
    fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }),
    {
      maxKeys: 5,
    },
  );
  const tricky = fc.string({
    unit: fc.constantFrom(
      '{',
      '}',
      '"',
      '\\',
      ' ',
      ':',
      'n',
      'u',
      '\n',
      'a',
      '1',
      '{}',
      ' {"a":1}',
      '\ud800',
    ),
  });

  it('is what was logged', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...LEVELS),
        fc.oneof(fc.string({ unit: 'binary' }), tricky),
        fc.oneof(jsonObject, fc.dictionary(tricky, tricky)),
        fc.integer({ min: -8.64e15, max: 8.64e15 }),
        (level, message, meta, timestampMs) => {
          const back = parseLogLine(formatLogLine(level, message, meta, timestampMs));
          expect(back).toMatchObject({ timestampMs, level, message });
          expect(JSON.stringify(back?.meta)).toBe(JSON.stringify(meta));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each(['x {"a":1}', 'x {}', ' {"a":1}', '{"a":1}', '  leading', 'trailing ', '', ' '])(
    'takes no message for meta: %j',
    (message) => {
      expect(parseLogLine(line(message))).toEqual({ timestampMs: NOON, level: 'info', message, meta: {} });
    },
  );

  it('is nothing when the line is not ours', () => {
    for (const foreign of [
      '', '\n', 'hello', 'Traceback (most recent call last):', '2026-01-01 INFO x', '2026-99-01T12:00:00.000Z INFO  x',
      '2026-01-01T12:00:00.000Z INFO x', '2026-01-01T12:00:00.000Z info  x', `${line('a')}\n${line('b')}`,
    ]) expect(parseLogLine(foreign), foreign).toBeUndefined(); // prettier-ignore
  });

  it('is a message when what looks like meta is none', () => {
    expect(parseLogLine(`${line('x')} {broken}`)).toMatchObject({ message: 'x {broken}', meta: {} });
  });
});
