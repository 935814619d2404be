// C0 and C1 controls, DEL, and marks that change the direction of text: in what a run says they are an attack on the
// terminal (kubectl CVE-2021-25743), or noise.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The beginning of a text that is longer than `most` characters, the last of them an ellipsis; a shorter text as it is. */
export const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** Text as a message quotes it: escaped as in JSON, and what is longer than `most` characters ends in an ellipsis. */
export const quoted = (text: string, most = 100): string => JSON.stringify(cut(text, most));

/** The lines of a text from a file, each as it may be printed. */
export const printableLines = (text: string): string[] => text.split(/\r?\n/).map(printable);

/** Text from a file as it may be printed on a terminal: what a terminal would obey is shown as an escape. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
