import { markdownText } from '../model/markdown.js';
import type { Cell, Terminal } from './terminal.js';

/**
 * Prints a table as Markdown; a row that is indented below another one is given its name as well.
 */
export function printMarkdown(
  [heading = [], ...rows]: readonly (readonly Cell[])[],
  terminal: Terminal,
): void {
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map((cell) => markdownText(typeof cell === 'string' ? cell : cell.text)).join(' | ')} |`;
  terminal.print(line(heading));
  terminal.print(`|${heading.map((_, index) => (index === 0 ? ' --- |' : ' ---: |')).join('')}`);
  let metric = '';
  for (const [name = '', ...cells] of rows) {
    const text = typeof name === 'string' ? name : name.text;
    // Without indentation, a statistic has to name its metric.
    if (!text.startsWith(' ')) metric = text;
    terminal.print(line([text.startsWith(' ') ? `${metric} ${text.trim()}` : text, ...cells]));
  }
}
