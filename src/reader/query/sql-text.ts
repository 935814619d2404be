/**
 * Writes a text as an SQL literal; a NUL, which would end the SQL, becomes the replacement
 * character.
 */
export const literal = (text: string): string => `'${text.replaceAll("'", "''").replaceAll('\0', '\ufffd')}'`;

/** Writes a name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Folds a name as DuckDB compares names: ASCII letters of either case are the same. */
export const folded = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** A name in SQL, quoted or not, in lower case, and whether a parenthesis follows it. */
export interface SqlWord {
  readonly name: string;
  readonly isCalled: boolean;
}

// In this order: comments, texts with escapes, texts, dollar-quoted texts, quoted names, names, any
// other character. Comments may be nested.
const LEXEME =
  /(?<skip>\s+|--[^\n\r]*|(?<comment>\/\*))|(?<text>e'(?:[^'\\]|\\[\s\S]|'')*'?|'(?:[^']|'')*'?|(?<dollar>\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$))|(?<quoted>"(?:[^"]|"")*"?)|(?<bare>[a-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<sign>[\s\S])/giy;

/** Returns the names in an SQL text, without comments and texts, as DuckDB's lexer finds them. */
export function wordsIn(sql: string): SqlWord[] {
  const words: { name: string; isCalled: boolean }[] = [];
  let last: { name: string; isCalled: boolean } | undefined;
  LEXEME.lastIndex = 0;
  for (let found = LEXEME.exec(sql); found !== null; found = LEXEME.exec(sql)) {
    const { skip, comment, dollar, quoted, bare, sign } = found.groups ?? {};
    if (comment !== undefined) LEXEME.lastIndex = commentEnd(sql, LEXEME.lastIndex);
    if (dollar !== undefined) LEXEME.lastIndex = textEnd(sql, dollar, LEXEME.lastIndex);
    if (skip !== undefined) continue;
    if (sign === '(' && last !== undefined) last.isCalled = true;
    const name = quoted?.slice(1, -1).replaceAll('""', '"') ?? bare;
    last = name === undefined ? undefined : { name: folded(name), isCalled: false };
    if (last !== undefined) words.push(last);
  }
  return words;
}

function commentEnd(sql: string, from: number): number {
  let at = from;
  for (let depth = 1; depth > 0;) {
    const close = sql.indexOf('*/', at);
    const open = sql.indexOf('/*', at);
    if (close < 0) return sql.length;
    depth += open >= 0 && open < close ? 1 : -1;
    at = (open >= 0 && open < close ? open : close) + 2;
  }
  return at;
}

function textEnd(sql: string, quote: string, from: number): number {
  const close = sql.indexOf(quote, from);
  return close < 0 ? sql.length : close + quote.length;
}
