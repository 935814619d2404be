import {
  NAMELESS,
  type NameScope,
  REDACTED,
  isSecretName,
  isSecretNumber,
  scopeOf,
  subjectOf,
} from './secret-names.js';

/**
 * Redacts the recognisable secrets in a text: passwords in URLs, values of `name=value` and
 * `"name": "value"` with a secret name, authorisation headers, and tokens of known services.
 *
 * Takes time proportional to the length of the text.
 *
 * @example
 * redactText('postgres://ada:pw@host/d failed'); // 'postgres://ada:[redacted]@host/d failed'
 */
export function redactText(text: string): string {
  return redact(text, false);
}

/** The same for an argument, a header or a tag, in which a colon may separate name and value. */
export function redactWord(word: string): string {
  const [, start] = WHOLE.exec(word) ?? [];
  return start !== undefined && isSecretName(start) ? start + REDACTED : redact(word, true);
}

/**
 * Redacts command line arguments; an argument after an option with a secret name is secret.
 *
 * @example
 * redactWords(['--api-key', 'k1', '--lr=0.1', 'https://ada:pw@host/']);
 * // ['--api-key', '[redacted]', '--lr=0.1', 'https://ada:[redacted]@host/']
 */
export function redactWords(words: readonly string[]): string[] {
  return words.map((word, at) => (isValueOf(words[at - 1], word) ? REDACTED : redactWord(word)));
}

/** Tells if a word is the value of the option before it, and that option is secret. */
export function isValueOf(before: unknown, word: unknown): boolean {
  if (typeof before !== 'string' || typeof word !== 'string') return false;
  return OPTION.test(before) && !word.startsWith('--') && isSecretName(before);
}

/** Redacts a text by its scope: {@link redactText}, or all of it. */
export const redactAt = (text: string, scope: NameScope): string =>
  scope.isSecret && text !== '' ? REDACTED : redactText(text);

/** Redacts the texts in plain data of any depth; for data without cycles. */
export function redactNamed(value: unknown, scope: NameScope = NAMELESS): unknown {
  if (typeof value === 'string') return redactAt(value, scope);
  if (Array.isArray(value))
    return value.map((item: unknown, at) =>
      isValueOf(value[at - 1], item) ? REDACTED : redactNamed(item, scope),
    );
  if (typeof value !== 'object' || value === null) return value;
  const subject = subjectOf(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => [
      name,
      isSecretNumber(name, inner) ? REDACTED : redactNamed(inner, scopeOf(name, scope, subject)),
    ]),
  );
}

const OPTION = /^--?[A-Za-z][\w.-]{0,255}$/;
const WHOLE = /^(-{0,2}[A-Za-z][\w.-]{0,255}\s*[=:]\s*)(?=\S)/;
// A name begins at the start of a word and has a bounded length, so that one long word takes no
// more time than many.
const NAMED = /(?<!\w)(\w[\w.-]{0,255})(\\{0,3}["'])?\s{0,8}([=:])(?![=>])\s{0,8}(\\{0,3}["'])?/g;
const HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie$|^x-api-key$/i;
const UNQUOTED = /(?:(?:bearer|basic|token)\s+)?[^\s"'\\&,;}]*/iy;
const QUOTED = { '"': /(?:[^"\\]|\\.)*/sy, "'": /(?:[^'\\]|\\.)*/sy } as const;
// A password ends at the last @ of the authority. An unescaped one may hold slashes, which
// distinguish it from a port.
const USERINFO =
  /\/\/(?!\[)(?:([^\s/?#:@"'`<>]{0,256}):(?:([^\s/?#"'`<>]{0,2048})|(?!\d{0,5}[/?#])(?:(?!:\/\/)[^\s"'`<>]){1,256})|([^\s/?#:@"'`<>]{1,2048}))@/g;
// Tokens by their format: OpenAI and the like, GitHub, GitLab, Hugging Face, npm, Slack, AWS,
// Google, JWT.
const TOKEN =
  /\b(?:sk-(?=[\w-]{0,64}\d)[\w-]{12,}|gh[opsur]_[A-Za-z0-9]{12,}|github_pat_\w{12,}|glpat-[\w-]{12,}|hf_[A-Za-z0-9]{12,}|npm_[A-Za-z0-9]{12,}|xox[abeprs]-[\w-]{12,}|A[KS]IA[A-Z0-9]{12,}|AIza[\w-]{12,}|eyJ[\w-]{12,}(?:\.[\w-]+)*)/g;
// The path of a webhook is all that it takes to post there.
const WEBHOOK =
  /(\bhttps:\/\/(?:hooks\.slack(?:-gov)?\.com\/|(?:[a-z]{1,20}\.)?discord(?:app)?\.com\/api\/(?:v\d{1,3}\/)?webhooks\/))[\w/-]{8,}/gi;
const BEARER = /(?<=\bbearer\s{1,4})(?=[\w.~+/-]{0,64}\d)[\w.~+/-]{12,}/gi;

function redact(text: string, isWord: boolean): string {
  let redacted = text;
  if (redacted.includes('//'))
    redacted = redacted.replace(USERINFO, withoutPassword).replace(WEBHOOK, `$1${REDACTED}`);
  if (redacted.includes('=') || redacted.includes(':')) redacted = redactPairs(redacted, isWord);
  return redacted.replace(TOKEN, REDACTED).replace(BEARER, REDACTED);
}

/** The arguments are those of a replacement: the match, its groups, its position, the text. */
function withoutPassword(
  whole: string,
  user: string | undefined,
  password: string | undefined,
  lone: string | undefined,
  at: number,
  text: string,
): string {
  // A token in place of the user comes with no password, or with one that says so.
  if (user !== undefined)
    return user !== '' && (password === '' || password === 'x-oauth-basic')
      ? `//${REDACTED}:${password}@`
      : `//${user}:${REDACTED}@`;
  // `ssh://git@host` names a user; on the web a name without a password is a token.
  return lone !== undefined && /https?:$/i.test(text.slice(Math.max(0, at - 6), at))
    ? `//${REDACTED}@`
    : whole;
}

function redactPairs(text: string, isWord: boolean): string {
  let kept = '';
  let done = 0;
  // Only names are searched for, because a value may hold names itself:
  // `--db=postgres://host/?password=x`.
  for (const { 0: whole, 1: name = '', 2: closing, 3: sign, 4: quote = '', index } of text.matchAll(NAMED)) {
    // In prose a colon does not announce a value: `the token: a piece of a word`.
    const isPair = sign === '=' || isWord || (closing !== undefined && quote !== '') || HEADER.test(name);
    if (index < done || !isPair || !isSecretName(name)) continue;
    const from = index + whole.length;
    const to = endOfValue(text, from, quote);
    if (to === from || text.startsWith(REDACTED, from)) continue;
    kept += text.slice(done, from) + REDACTED;
    done = to;
  }
  return kept + text.slice(done);
}

function endOfValue(text: string, from: number, quote: string): number {
  if (quote.length > 1) return text.includes(quote, from) ? text.indexOf(quote, from) : text.length;
  const value = quote === '"' || quote === "'" ? QUOTED[quote] : UNQUOTED;
  value.lastIndex = from;
  return from + (value.exec(text)?.[0].length ?? 0);
}
