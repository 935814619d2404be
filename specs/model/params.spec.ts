import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretName } from '../../src/model/secret-names.js';
import {
  decodeParams,
  encodeParams,
  mergeParams,
  plainParams,
  sanitiseParams,
  type Params,
  type ParamValue,
} from '../../src/model/params.js';

/** Any parameters, with names that look like tags and with every number JSON loses. */
const paramValue: fc.Arbitrary<ParamValue> = fc.letrec<{ value: ParamValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 2 ** 53, 5e-324)),
    fc.bigInt(),
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('NaN', '$number', '[redacted]')),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(paramName(), tie('value'), { maxKeys: 4 }),
  ),
})).value;

function paramName(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string(),
    fc.constantFrom('$number', '$bigint', '$$number', '$', '', 'toString', 'lr', 'hasOwnProperty'),
  );
}

const params: fc.Arbitrary<Params> = fc.dictionary(paramName(), paramValue, { maxKeys: 6 });

/** The same values in ordinary objects, so that a comparison is about values alone. */
function plain(value: ParamValue): unknown {
  if (Array.isArray(value)) return value.map((item: ParamValue) => plain(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const kept = (input: unknown): unknown => plain(sanitiseParams(input).params);
const reasons = (input: unknown): Record<string, string> =>
  Object.fromEntries(sanitiseParams(input).rejected.map(({ path, reason }) => [path, reason]));

describe('parameters', () => {
  it('are copied deeply, with plain values as they are', () => {
    const input = {
      lr: 1e-3,
      nan: NaN,
      zero: -0,
      big: 2n ** 60n,
      on: true,
      none: null,
      name: 'Adam',
      betas: [0.9, [0.999]],
    };
    const { params: copy, rejected } = sanitiseParams(input);
    expect(plain(copy)).toEqual(input);
    expect(Object.is(copy['zero'], -0)).toBe(true);
    expect(copy['betas']).not.toBe(input.betas);
    expect(rejected).toEqual([]);
  });

  it('have no prototype that a key could reach', () => {
    const { params: copy } = sanitiseParams({ nested: { a: 1 } });
    expect(Object.getPrototypeOf(copy)).toBeNull();
    expect(Object.getPrototypeOf(copy['nested'])).toBeNull();
  });

  it('take in what programs use for plain things', () => {
    class Schedule {
      warmup = 100;
      #hidden = 1;
      get hidden(): number {
        return this.#hidden;
      }
    }
    expect(
      kept({
        at: new Date(0),
        map: new Map<unknown, unknown>([['a', 1], [2, new Map([['b', 3]])]]),
        set: new Set([1, 2]),
        typed: new Float32Array([0.5, NaN]),
        longs: new BigInt64Array([5n, 2n ** 60n]),
        schedule: new Schedule(),
        url: new URL('https://example.org/x'),
        pattern: /a+/g,
        error: new TypeError('no'),
        absent: undefined,
        holes: [1, undefined, 3],
      }),
    ).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      map: { a: 1, 2: { b: 3 } },
      set: [1, 2],
      typed: [0.5, NaN],
      longs: [5, 2n ** 60n],
      schedule: { warmup: 100 },
      url: 'https://example.org/x',
      pattern: '/a+/g',
      error: 'TypeError: no',
      holes: [1, null, 3],
    });
  }); // prettier-ignore

  it('leave out and report what cannot be written down', () => {
    const cycle: Record<string, unknown> = { ok: 1 };
    cycle['self'] = { back: cycle };
    const input = {
      f: () => 1,
      s: Symbol('x'),
      cycle,
      list: [1, () => 2],
      bytes: new ArrayBuffer(4),
      when: new Date(NaN),
      huge: 2n ** 5000n,
      get bad(): number {
        throw new Error('boom');
      },
      good: 1,
    };
    expect(kept(input)).toEqual({ cycle: { ok: 1, self: {} }, list: [1, null], good: 1 });
    expect(reasons(input)).toEqual({
      f: 'is a function',
      s: 'is a symbol',
      'cycle.self.back': 'contains itself',
      'list[1]': 'is a function',
      bytes: 'is binary data',
      when: 'is an invalid date',
      huge: 'is an integer of more than 4096 bits',
      bad: 'cannot be read: Error: boom',
    });
  });

  it('keep a value that is used twice, which is no cycle', () => {
    const shared = { a: 1 };
    expect(kept({ x: shared, y: [shared, shared] })).toEqual({ x: { a: 1 }, y: [{ a: 1 }, { a: 1 }] });
  });

  it('drop and report names that reach a prototype, at any depth', () => {
    const input: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"a":{"constructor":1,"prototype":2,"b":3}}',
    );
    expect(kept(input)).toEqual({ a: { b: 3 } });
    expect(Object.keys(reasons(input))).toEqual(['__proto__', 'a.constructor', 'a.prototype']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('end at a depth of 32', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
    expect(reasons(nested(32))).toEqual({});
    expect(reasons(nested(33))).toEqual({
      [Array<string>(32).fill('a').join('.')]: 'is nested deeper than 32',
    });
    expect(sanitiseParams(nested(5000)).droppedCount).toBe(1);
  });

  it('are bounded in size, and say where they were cut', () => {
    const huge = { first: 1, text: 'x'.repeat(1_000_000), last: 2 };
    expect(kept(huge)).toEqual({ first: 1 });
    expect(reasons(huge)).toEqual({ text: 'exceeds the size limit' });
    const many = sanitiseParams({ sparse: new Array<number>(1e9) });
    expect(many.rejected).toHaveLength(1);
    expect(JSON.stringify(many.params).length).toBeLessThan(1e6);
  });

  it('do not explode on references shared over and over', () => {
    let shared: unknown[] = [1];
    for (let i = 0; i < 30; i++) shared = [shared, shared, shared, shared];
    expect(sanitiseParams({ shared }).droppedCount).toBeGreaterThan(0);
  });

  it.each([undefined, null, 1, 'a', [], () => 1, Symbol('x'), new Date(0), new Set([1])])(
    'are none when the input is %s',
    (input) => {
      const { params: none, rejected } = sanitiseParams(input);
      expect(plain(none)).toEqual({});
      expect(rejected).toHaveLength(input === undefined ? 0 : 1);
    },
  );

  it('survive a Proxy that refuses everything, and read one that behaves', () => {
    const refuse = (): never => {
      throw new Error('refused');
    };
    const hostile = new Proxy(
      {},
      { get: refuse, ownKeys: refuse, getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse },
    );
    expect(sanitiseParams(hostile).rejected).toHaveLength(1);
    expect(kept({ a: 1, hostile })).toEqual({ a: 1 });
    expect(kept(new Proxy({ lr: 1 }, {}))).toEqual({ lr: 1 });
  });

  it('never throw nor change the input, whatever it is', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      maxDepth: 6,
    });
    fc.assert(
      fc.property(anything, (input) => {
        const frozen =
          typeof input === 'object' && input !== null && !ArrayBuffer.isView(input)
            ? Object.freeze(input)
            : input;
        const { params: copy } = sanitiseParams(frozen);
        expect(plain(decodeParams(encodeParams(copy)))).toEqual(plain(copy));
        expect(plain(sanitiseParams(copy).params)).toEqual(plain(copy));
      }),
    );
  });

  it('hide the text of a secret', () => {
    const input = {
      api_key: 'sk-1',
      auth: { user: 'me', password: 'p' },
      max_tokens: 512,
      token: 17,
      tokenizer: 'bpe',
      pad_token: '<pad>',
    };
    expect(kept(input)).toEqual({
      ...input,
      api_key: '[redacted]',
      auth: { user: 'me', password: '[redacted]' },
    });
  });

  it('hide what is below a secret name, by whatever way it comes there', () => {
    expect(
      kept({
        openai: { key: 'k1' },
        db_credentials: { name: 'ada', hosts: ['h1'], nested: { any: 'k2' } },
        api_keys: ['k3', 'k4'],
        env: [{ name: 'HF_TOKEN', value: 'k5' }, { key: 'LR', value: '0.1' }],
        args: ['--wandb-key', 'k6', '--lr', '0.1'],
        password: 1234,
        headers: new Map([['authorization', 'Bearer k7']]),
        dsn: new URL('https://ada:k8@host/'),
        'redis://:k9@h': 1,
      }),
    ).toEqual({
      openai: { key: '[redacted]' },
      db_credentials: { name: 'ada', hosts: ['[redacted]'], nested: { any: '[redacted]' } },
      api_keys: ['[redacted]', '[redacted]'],
      env: [{ name: 'HF_TOKEN', value: '[redacted]' }, { key: 'LR', value: '0.1' }],
      args: ['--wandb-key', '[redacted]', '--lr', '0.1'],
      password: '[redacted]',
      headers: { authorization: '[redacted]' },
      dsn: 'https://ada:[redacted]@host/',
      'redis://:[redacted]@h': 1,
    });
  }); // prettier-ignore

  it('are kept as they are where names are those of files', () => {
    const artifacts = { 'model.key': { sha256: 'ab' }, 'tokens/api_token': { sha256: 'cd' } };
    expect(plain(plainParams(artifacts))).toEqual(artifacts);
  });
});

describe('a secret name', () => {
  it.each([
    'token', 'hf_token', 'HF_TOKEN', 'hfToken', 'accessToken', 'password', 'DB_PASSWORD', 'passwd', 'secret', 'clientSecret',
    'api_key', 'apiKey', 'APIKey', 'apikey', 'OPENAI_API_KEY', 'api-key', 'private_key', 'aws_secret_access_key', 'auth',
    'Authorization', 'credential', 'credentials', 'credentials_file', 'passphrase', 'wandb-key', 'openaiKey', 'openai.key', 'WANDBKEY',
    'GITHUB_PAT', 'pat', 'HF_TOKEN_2', 'stripe_key_prod', 'api_keys', 'api_key_id', 'mydbpassword', 'oPeNaI_kEy', 'nomic_key',
    `${'x'.repeat(300)}_api_key`,
  ])('is %s', (name) => expect(isSecretName(name)).toBe(true)); // prettier-ignore

  it.each([
    'tokenizer', 'max_tokens', 'tokens', 'pad_token', 'eos_token', 'padToken', 'author', 'authors', 'key', 'key_dim', 'keyboard',
    'num_keys', 'secretary', 'lr', '', 'optimizer', 'passes', 'primary_key', 'sortKey', 'metric_key', 'label_key', 'token_count', 'num_tokens',
    'missing_keys', 'key_path', 'monkey', 'hotkey', 'numDecoderToken', 'numdecodertoken', 'pattern', 'path', 'glob_pat', 'patience', 'keypoints',
  ])('is not %j', (name) => expect(isSecretName(name)).toBe(false)); // prettier-ignore

  it('may have its first half in the name of what it is in', () => {
    expect(isSecretName('key', 'openai')).toBe(true);
    expect(isSecretName('key', 'keyboard')).toBe(false);
    expect(isSecretName('token', 'vocab')).toBe(false);
  });
});

/** Without the names that reach a prototype, which no merge keeps. */
const mergeable = params.map((value) => mergeParams({}, value));

describe('merging parameters', () => {
  it('goes into nested objects, lets the last write win and replaces arrays', () => {
    const base: Params = {
      optimizer: { name: 'Adam', lr: 1e-3, betas: [0.9, 0.999] },
      seed: 1,
      model: 'mlp',
    };
    const update: Params = { optimizer: { lr: 1e-4, betas: [0.5] }, model: { depth: 3 } };
    expect(plain(mergeParams(base, update))).toEqual({
      optimizer: { name: 'Adam', lr: 1e-4, betas: [0.5] },
      seed: 1,
      model: { depth: 3 },
    });
  });

  it('pollutes no prototype and changes neither side', () => {
    const hostile = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    ) as Params;
    const base = Object.freeze({ a: Object.freeze({ b: 1 }) });
    expect(plain(mergeParams(base, mergeParams(hostile, { a: { c: 2 } })))).toEqual({ a: { b: 1, c: 2 } });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(base).toEqual({ a: { b: 1 } });
  });

  it('shares nothing with what it was given', () => {
    const list = [1, { a: 1 }];
    const merged = mergeParams({}, { list });
    list.push(2);
    expect(plain(merged)).toEqual({ list: [1, { a: 1 }] });
  });

  it('changes nothing more when the same update comes again', () => {
    fc.assert(
      fc.property(mergeable, mergeable, (base, update) => {
        const once = mergeParams(base, update);
        expect(plain(mergeParams(once, update))).toEqual(plain(once));
        expect(Object.keys(once)).toEqual(
          expect.arrayContaining([...Object.keys(base), ...Object.keys(update)]),
        );
        expect(plain(mergeParams({}, base))).toEqual(plain(base));
      }),
    );
  });
});

describe('parameters as text', () => {
  it('come back exactly, whatever the values and names', () => {
    fc.assert(
      fc.property(params, (value) => {
        expect(plain(decodeParams(encodeParams(value)))).toEqual(plain(mergeParams({}, value)));
      }),
      { numRuns: 500 },
    );
  });

  it('are JSON that says aloud what JSON cannot say', () => {
    expect(encodeParams({ a: 1.5, b: NaN, c: -0, d: 12n })).toBe(
      '{"a":1.5,"b":{"$number":"NaN"},"c":{"$number":"-0"},"d":{"$bigint":"12"}}',
    );
  });

  it('do not take what a user wrote for a tag', () => {
    const value = { x: { $number: 'NaN' }, y: { $bigint: '1' }, $number: 'NaN', $$number: '-0' };
    expect(plain(decodeParams(encodeParams(value)))).toEqual(value);
  });

  it.each([
    '', '{', '[]', 'null', '1', '"a"', '{"$number":"NaN"}', '{"a":{"$number":"1"}}', '{"a":{"$number":1}}', '{"a":{"$bigint":"1.5"}}',
    '{"a":{"$other":1}}', `{"a":{"$bigint":"${'9'.repeat(5000)}"}}`, `{"a":${'['.repeat(33)}${']'.repeat(33)}}`,
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, `{"a":"${'x'.repeat(17_000_000)}"}`,
  ])('are refused when they are not of that form: %.40s', (text) => {
    expect(() => decodeParams(text)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  }); // prettier-ignore

  it('never pollute a prototype', () => {
    expect(plain(decodeParams('{"__proto__":{"polluted":1},"a":{"__proto__":1,"b":2}}'))).toEqual({
      a: { b: 2 },
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
