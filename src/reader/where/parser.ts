import type { ExpmanError } from '../../model/errors.js';
import { invalidFilter } from './filter-error.js';
import { type Symbol, type Token, tokensOf } from './tokens.js';

/** Reads the tokens of a text one after another, and makes errors at the next one. */
export class Parser {
  private readonly tokens: Token[];
  private place = 0;

  constructor(private readonly text: string) {
    this.tokens = tokensOf(text);
  }

  /** The next token; at the end of the text, the end token. */
  get next(): Token {
    return this.tokens[this.place] ?? { kind: 'end', at: this.text.length, text: '' };
  }

  isAtEnd(): boolean {
    return this.next.kind === 'end';
  }

  advance(): void {
    this.place++;
  }

  /** True if the next token is that word, ignoring case. */
  isWord(word: string): boolean {
    return this.next.kind === 'word' && this.next.text.toLowerCase() === word;
  }

  isSymbol(symbol: Symbol): boolean {
    return this.next.kind === 'symbol' && this.next.text === symbol;
  }

  /** Consumes the word if it is next. */
  takeWord(word: string): boolean {
    const isNext = this.isWord(word);
    if (isNext) this.advance();
    return isNext;
  }

  takeSymbol(symbol: Symbol): boolean {
    const isNext = this.isSymbol(symbol);
    if (isNext) this.advance();
    return isNext;
  }

  /** Consumes the sign at the start of a word, and leaves the rest of the word. */
  takeSign(): '-' | '+' | null {
    const { next } = this;
    const sign = next.text.charAt(0);
    if (next.kind !== 'word' || (sign !== '-' && sign !== '+')) return null;
    const [first, ...rest] = next.parts;
    const parts = [{ text: first?.text.slice(1) ?? '', quoted: false }, ...rest];
    this.tokens[this.place] = { kind: 'word', at: next.at + 1, text: next.text.slice(1), parts };
    return sign;
  }

  /** Makes the error for a problem at the next token. */
  error(what: string, at = this.next.at): ExpmanError {
    return invalidFilter(this.text, at, what);
  }

  /** Makes the error for an unexpected next token. */
  expected(what: string): ExpmanError {
    return this.error(`expected ${what}`);
  }
}
