import { printable } from './printable.js';

/** Has no width, and keeps a service from making a mention or a link of a text. */
const BREAK = '\u200b';

/**
 * Escapes a text for one line of Markdown, as in a cell of a table: it formats nothing, links nowhere,
 * mentions nobody and ends no line. A terminal obeys none of it.
 */
export const markdownText = (text: string): string =>
  printable(text.trim().replaceAll(/\s+/g, ' '))
    .replaceAll(/[\\`*_{}[\]<>|#!~$&]/g, (char) => `\\${char}`)
    .replaceAll(/(?<!\w)@(?=\w)/g, `@${BREAK}`)
    .replaceAll('://', `:${BREAK}//`);
