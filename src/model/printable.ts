// C0 and C1 controls, DEL, and marks that change the direction of text: in the texts of a run they
// are an attack on the terminal (kubectl CVE-2021-25743), or noise.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Cuts a text to at most `most` characters, the last of them an ellipsis; a shorter text stays as
 * it is.
 */
export const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/**
 * Quotes a text for a message: escaped as in JSON, and cut with an ellipsis if longer than `most`
 * characters.
 */
export const quoted = (text: string, most = 100): string => JSON.stringify(cut(text, most));

/** The lines of a text from a file, each safe to print. */
export const printableLines = (text: string): string[] => text.split(/\r?\n/).map(printable);

/**
 * Makes text from a file safe to print on a terminal: characters that a terminal would obey become
 * escapes.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
