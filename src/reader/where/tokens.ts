import { invalidFilter } from './filter-error.js';

/** One part of a path: `params."my key".x` has three, the second quoted. */
export interface PathPart {
  readonly text: string;
  readonly quoted: boolean;
}

/** A token of a filter; `at` is the place of its first character. */
export type Token =
  | { readonly kind: 'word'; readonly at: number; readonly text: string; readonly parts: readonly PathPart[] }
  | { readonly kind: 'text'; readonly at: number; readonly text: string }
  | { readonly kind: 'symbol'; readonly at: number; readonly text: Symbol }
  | { readonly kind: 'end'; readonly at: number; readonly text: '' };

/** Signs that are not part of a word. */
export type Symbol = (typeof SYMBOLS)[number];

/**
 * The longest filter that is read, in characters.
 *
 * @bound refuses: INVALID_FILTER
 */
export const MAX_FILTER_LENGTH = 4096;

// Longer signs first, if one is a prefix of another.
const SYMBOLS = ['==', '!=', '<>', '<=', '>=', '=', '<', '>', '~', '(', ')', ','] as const;
const SPACE = /\s/;
const NO_WORD = /[\s=!<>~(),'"]/;

/**
 * Splits a filter into tokens; the last one is the end token.
 *
 * @throws ExpmanError `INVALID_FILTER` for a text that is too long, or a quote that is not closed
 */
export function tokensOf(filter: string): Token[] {
  if (filter.length > MAX_FILTER_LENGTH)
    throw invalidFilter(
      filter,
      MAX_FILTER_LENGTH,
      `the filter is too long: at most ${MAX_FILTER_LENGTH} characters are allowed; got ${filter.length}`,
    );
  const tokens: Token[] = [];
  for (let at = 0; at < filter.length;) {
    if (SPACE.test(filter.charAt(at))) {
      at++;
      continue;
    }
    const { token, end } = tokenAt(filter, at);
    tokens.push(token);
    at = end;
  }
  tokens.push({ kind: 'end', at: filter.length, text: '' });
  return tokens;
}

function tokenAt(filter: string, at: number): { readonly token: Token; readonly end: number } {
  const char = filter.charAt(at);
  if (char === "'" || char === '"') {
    const { text, end } = quotedAt(filter, at);
    return { token: { kind: 'text', at, text }, end };
  }
  const symbol = SYMBOLS.find((each) => filter.startsWith(each, at));
  if (symbol !== undefined) return { token: { kind: 'symbol', at, text: symbol }, end: at + symbol.length };
  if (char === '!') throw invalidFilter(filter, at, '"!" is only allowed in "!=" (use NOT)');
  return wordAt(filter, at);
}

/** Reads a word, up to a space or a sign; after a dot in it, a part may be quoted. */
function wordAt(filter: string, at: number): { readonly token: Token; readonly end: number } {
  const parts: PathPart[] = [];
  let end = at;
  for (;;) {
    const from = end;
    while (end < filter.length && !NO_WORD.test(filter.charAt(end))) end++;
    const bare = filter.slice(from, end);
    const isQuoted = bare.endsWith('.') && /['"]/.test(filter.charAt(end));
    const names = bare.split('.');
    // Nothing stands before the first dot after a quoted part, nor after the last dot before one.
    if (from > at) names.shift();
    if (isQuoted) names.pop();
    parts.push(...names.map((text) => ({ text, quoted: false })));
    if (!isQuoted) break;
    const quoted = quotedAt(filter, end);
    parts.push({ text: quoted.text, quoted: true });
    end = quoted.end;
    if (filter.charAt(end) !== '.') break;
  }
  return { token: { kind: 'word', at, text: filter.slice(at, end), parts }, end };
}

/** Reads a quoted text; a quote inside is doubled. */
function quotedAt(filter: string, at: number): { readonly text: string; readonly end: number } {
  const quote = filter.charAt(at);
  let text = '';
  for (let from = at + 1; ;) {
    const close = filter.indexOf(quote, from);
    if (close < 0) throw invalidFilter(filter, at, `the ${quote} is not closed`);
    text += filter.slice(from, close);
    if (filter.charAt(close + 1) !== quote) return { text, end: close + 1 };
    text += quote;
    from = close + 2;
  }
}
