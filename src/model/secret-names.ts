/** The replacement of a secret value. */
export const REDACTED = '[redacted]';

/** Words that are secret anywhere in a name, and at the end of words that are run together. */
const STRONG: ReadonlySet<string> = new Set([
  'secret', 'secrets', 'password', 'passwords', 'passwd', 'pwd', 'passphrase', 'credential', 'credentials', 'auth', 'oauth',
  'authorization', 'bearer', 'cookie', 'cookies', 'jwt', 'webhook', 'webhooks',
]); // prettier-ignore
const STRONG_END = /(?:password|passwd|passphrase|secret|credential)s?$/;

/** Every secret name has one of these; most names have none. */
const ANY = /key|token|pat|secret|passw|passphrase|pwd|credential|auth|bearer|cookie|jwt|webhook/i;

/** Names under which a number is secret, too: command line parsers turn digits into numbers. */
const PASSWORD_END = /(?:password|passwd|passphrase|pwd|secret)s?$/;

/** Words that, before `key`, `keys`, `token` or `tokens`, make a name secret, whatever follows. */
const KEY_KINDS: ReadonlySet<string> = new Set([
  'api', 'private', 'secret', 'access', 'signing', 'encryption', 'ssh', 'refresh', 'bearer', 'session', 'service',
]); // prettier-ignore

/**
 * Words that make the word after them harmless: a key of a table, a batch, attention, a keyboard; a
 * token of a text; a pattern.
 */
const PLAIN_KINDS: Readonly<Record<string, ReadonlySet<string>>> = {
  key: new Set([
    'primary', 'foreign', 'public', 'unique', 'composite', 'natural', 'surrogate', 'candidate', 'partition', 'shard', 'sort', 'sorting',
    'sorted', 'order', 'group', 'grouping', 'join', 'merge', 'index', 'hash', 'lookup', 'cache', 'row', 'column', 'col', 'field', 'table',
    'map', 'mapping', 'dict', 'object', 'params', 'parameters', 'hparams', 'space', 'item', 'items', 'entry', 'entries', 'element', 'node', 'path', 'param', 'parameter', 'setting',
    'option', 'config', 'json', 'yaml', 'filter', 'name', 'type', 'dedup', 'idempotency', 'routing', 'message', 'event', 'locale',
    'translation', 'tag', 'tags', 'result', 'attribute', 'property', 'file', 'metric', 'metrics', 'monitor', 'loss', 'score', 'obs',
    'observation', 'action', 'reward', 'state', 'input', 'inputs', 'output', 'outputs', 'image', 'img', 'video', 'audio', 'text', 'label',
    'target', 'feature', 'data', 'dataset', 'batch', 'sample', 'source', 'src', 'dest', 'dst', 'question', 'answer', 'context', 'content',
    'prompt', 'completion', 'response', 'rng', 'prng', 'random', 'query', 'value', 'kv', 'attention', 'attn', 'head', 'pad', 'padding',
    'mask', 'hot', 'short', 'keyboard', 'arrow', 'up', 'down', 'left', 'right', 'enter', 'escape', 'shift', 'ctrl', 'control',
    'controls', 'alt', 'modifier', 'binding', 'bindings', 'shortcut', 'shortcuts', 'music', 'musical', 'song', 'major', 'minor', 'max',
    'min', 'num', 'per', 'each', 'every', 'by', 'first', 'last', 'next', 'prev', 'previous',
    // Monkeys, donkeys, turkeys: words that end in `key`.
    'mon', 'don', 'tur', 'hoc', 'joc', 'whis', 'turn', 'lac', 'mic',
  ]),
  token: new Set([
    'pad', 'padding', 'eos', 'bos', 'unk', 'unknown', 'sep', 'cls', 'class', 'mask', 'stop', 'start', 'end', 'special', 'decoder', 'encoder',
    'sentence', 'word', 'byte', 'char', 'text', 'image', 'audio', 'video', 'next', 'prev', 'previous', 'first', 'last', 'think', 'thinking',
    'eot', 'eod', 'eom', 'fim', 'prefix', 'middle', 'suffix', 'newline', 'vocab', 'vocabulary', 'pool', 'pooling', 'register', 'prompt',
    'draft', 'tokens', 'logprobs', 'samples', 'per', 'max', 'min', 'num', 'total', 'each', 'every', 'by',
  ]),
  pat: new Set(['file', 'glob', 'regex', 'name', 'path', 'search', 'match', 'ignore', 'include', 'exclude', 'url', 'log']),
}; // prettier-ignore

/** Words that may follow the secret word: `HF_TOKEN_PROD`. */
const TAILS: ReadonlySet<string> = new Set([
  'value', 'string', 'str', 'plain', 'raw', 'base64', 'b64', 'hex', 'prod', 'production', 'staging', 'stage', 'dev', 'test', 'old',
  'backup', 'default', 'main', 'primary', 'secondary',
]); // prettier-ignore

/** Members of a secret group that are not secret: `auth: { user, password }`. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set([
  'user', 'username', 'login', 'name', 'type', 'kind', 'method', 'mode', 'scheme', 'provider', 'host', 'region', 'realm',
]); // prettier-ignore

/**
 * The number of characters, at the end of a name, that are looked at.
 *
 * @bound loses nothing: the words that make a name secret are at its end
 */
const MAX_NAME = 256;

/** The scope of a value: its name, and whether everything below it is secret. */
export interface NameScope {
  readonly name: string;
  readonly isSecret: boolean;
}

/** The scope without a name. */
export const NAMELESS: NameScope = { name: '', isSecret: false };

/**
 * The scope of the value of a name that is itself in `outer`.
 *
 * @param subject - the subject of the group that holds the name, by {@link subjectOf}
 */
export function scopeOf(name: string, outer: NameScope, subject: string | null = null): NameScope {
  if (outer.isSecret) return { name, isSecret: !PLAIN_MEMBERS.has(name.toLowerCase()) };
  if (subject === null) return { name, isSecret: isSecretName(name, outer.name) };
  const isSecret =
    name === 'value' ? isSecretName(subject) : name !== 'key' && isSecretName(name, outer.name);
  return { name, isSecret };
}

/**
 * The name whose value a group holds: `{ name: 'API_KEY', value }`, as environments and headers are
 * written.
 */
export function subjectOf(group: object): string | null {
  if (!Object.hasOwn(group, 'value')) return null;
  const [name, key] = ['name', 'key'].map(
    (word): unknown => Object.getOwnPropertyDescriptor(group, word)?.value,
  );
  return typeof name === 'string' ? name : typeof key === 'string' ? key : null;
}

/**
 * Tells if the name of a parameter, option or member means that its value is secret.
 *
 * Names are split into words, whatever separates them (`apiKey`, `API_KEY`, `api-key`, `apikey`).
 * Passwords, secrets, credentials, auth, cookies and the like are secret anywhere in a name; so is
 * a name that ends in `key`, `token` or `pat`, unless the word before it says otherwise:
 * `primary_key`, `metric_key`, `pad_token`, `max_token`, `file_pat`. A `key` on its own is not
 * secret, the `key` of `openai` is; `keys`, `tokens`, `tokenizer`, `token_count` and `key_dim` are
 * not, `api_keys` is.
 *
 * @param owner - the name of the group it is a member of
 */
export function isSecretName(name: string, owner = ''): boolean {
  const ending = name.slice(-MAX_NAME);
  if (!ANY.test(ending)) return false;
  const words = wordsOf(
    ending.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z])([A-Z][a-z])/g, '$1 $2'),
  );
  if (hasSecret(words, owner)) return true;
  // Letters of mixed case do not show the words: `oPeNaI_kEy`.
  return !words.some((word) => word in PLAIN_KINDS) && hasSecret(wordsOf(ending), owner);
}

/** Tells if a value is a number that is secret by its name, as a password is. */
export const isSecretNumber = (name: string, value: unknown): boolean =>
  (typeof value === 'number' || typeof value === 'bigint') &&
  PASSWORD_END.test(
    name
      .slice(-MAX_NAME)
      .toLowerCase()
      .replace(/[^a-z]+$/, ''),
  );

function hasSecret(words: readonly string[], owner: string): boolean {
  const last = words.findLastIndex((word) => !TAILS.has(word));
  return words.some((word, at) => {
    if (STRONG.has(word) || STRONG_END.test(word)) return true;
    const before = words[at - 1];
    if (/^(?:key|token)s?$/.test(word) && KEY_KINDS.has(before ?? '')) return true;
    const plain = at === last ? PLAIN_KINDS[word] : undefined;
    if (plain === undefined) return false;
    const kind = before ?? wordsOf(owner).at(-1);
    return kind === undefined ? word !== 'key' : !plain.has(kind);
  });
}

function wordsOf(name: string): string[] {
  return name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/\d+$/, ''))
    .filter((word) => word !== '')
    .flatMap(wordsIn);
}

/**
 * Splits a word that has `key` or `token` run together with others in two; of the others the last
 * one counts, if it is known.
 */
function wordsIn(word: string): string[] {
  const [, kind, ending] = /^(.+)(key|token)s?$/.exec(word) ?? [];
  if (kind === undefined || ending === undefined) return [word];
  const known = [...(PLAIN_KINDS[ending] ?? [])].find((plain) => plain.length >= 4 && kind.endsWith(plain));
  return [known ?? kind, word.slice(kind.length)];
}
