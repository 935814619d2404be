/** What stands in place of a value whose name says it is secret. */
export const REDACTED = '[redacted]';

const SECRET_WORDS: ReadonlySet<string> = new Set([
  'token', 'secret', 'secrets', 'password', 'passwords', 'passwd', 'pwd', 'passphrase', 'credential', 'credentials',
  'apikey', 'privatekey', 'secretkey', 'accesskey', 'accesstoken', 'authtoken', 'auth', 'authorization', 'bearer', 'cookie',
]); // prettier-ignore

const SECRET_KEYS: ReadonlySet<string> = new Set([
  'api',
  'private',
  'secret',
  'access',
  'signing',
  'encryption',
  'ssh',
]);

// `pad_token: '<pad>'` is a hyperparameter of every language model.
const VOCABULARY: ReadonlySet<string> = new Set([
  'pad', 'eos', 'bos', 'unk', 'sep', 'cls', 'mask', 'stop', 'start', 'end', 'image', 'special', 'decoder', 'prompt', 'per', 'max', 'min', 'num',
]); // prettier-ignore

/**
 * Tells whether the name of a parameter or command line option says that its value is secret.
 *
 * Names are taken apart into words (`apiKey`, `API_KEY`, `api-key`), so `token` is secret; `tokenizer`, `max_tokens`,
 * `pad_token` and `author` are not.
 */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  return words.some((word, at) => {
    const before = words[at - 1] ?? '';
    if (word === 'token') return !VOCABULARY.has(before);
    return SECRET_WORDS.has(word) || ((word === 'key' || word === 'keys') && SECRET_KEYS.has(before));
  });
}

function wordsOf(name: string): string[] {
  return name
    .slice(0, 256)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
