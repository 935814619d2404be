import { posix } from 'node:path';
import { anchorsOf, blocksOf, codeSpansIn, linksOf, proseLines, type Page } from './markdown.js';

/** A layer as the table of a map has it. */
export interface MappedLayer {
  readonly layer: string;
  /** Layers, and rooms of layers (`writer/recovery`), in the order of the table. */
  readonly mayImport: readonly string[];
}

/** The rows of the table in the section `Layers`. */
export const layersIn = (map: string): MappedLayer[] =>
  sectionOf(map, 'Layers').flatMap((line) => {
    const cells = cellsOf(line);
    const [layer] = codeSpansIn(cells[0] ?? '');
    return layer === undefined || cells.length !== 3
      ? []
      : [{ layer, mayImport: codeSpansIn(cells[2] ?? '').filter((word) => /^[a-z/]+$/.test(word)) }];
  });

/** The floors of the picture in the section `Layers`, from the top down; several rooms of one floor stand side by side. */
export function floorsIn(map: string): string[][] {
  const lines = map.split('\n');
  const [from, to] = sectionBounds(lines, 'Layers');
  const picture = blocksOf(map).find(({ line }) => line > from && line <= to);
  return (picture?.code ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(0, line.lastIndexOf('|'))
        .split('|')
        .map((room) => room.trim())
        .filter((room) => room !== ''),
    );
}

/** The folders that have a row of a table of their own: its first cell is nothing but a path that ends in a slash. */
export const foldersNamedIn = (map: string): string[] =>
  proseLines(map).flatMap((line) => {
    const [, folder] = /^\| *`([\w./-]+)\/` *\|/.exec(line) ?? [];
    return folder === undefined ? [] : [folder];
  });

const PATH = /^(?:\.ci|\.github|examples|specs|src)(?:\/[\w.@-]+)*\/?$/;

/** The paths of the repository that a page names in backticks; those with a placeholder (`<tool>`, `*`) are left out. */
export const pathsNamedIn = (text: string): string[] =>
  proseLines(text).flatMap((line) => codeSpansIn(line).filter((span) => PATH.test(span)));

/** The identifiers a page names in backticks: one word with a capital letter in it. */
export const identifiersNamedIn = (text: string): string[] =>
  proseLines(text).flatMap((line) =>
    codeSpansIn(line).filter((span) => /^(?=.*[A-Z])[A-Za-z]\w*$/.test(span)),
  );

/** The links of a set of pages that lead nowhere: `exists` is asked for paths from the top of the repository. */
export function brokenLinks(pages: readonly Page[], exists: (path: string) => boolean): string[] {
  const anchors = new Map(pages.map(({ path, text }) => [path, anchorsOf(text)]));
  return pages.flatMap(({ path, text }) =>
    linksOf(text)
      .filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target))
      .filter(({ target }) => {
        const [file = '', anchor] = target.split('#');
        const place = file === '' ? path : posix.join(posix.dirname(path), decodeURI(file));
        if (place.startsWith('..') || !(anchors.has(place) || exists(place))) return true;
        return anchor !== undefined && anchors.get(place)?.has(decodeURIComponent(anchor)) !== true;
      })
      .map(({ line, target }) => `${path}:${line} ${target}`),
  );
}

/** The documents that comments of a source cite, as they are written. */
export const documentsCitedIn = (source: string): string[] =>
  source.split('\n').flatMap((line) => {
    const comment = /(?:^|[^:])\/\/(.*)$|^\s*\/?\*(.*)$/.exec(line);
    return [...(comment?.[1] ?? comment?.[2] ?? '').matchAll(/[\w./-]*\w\.md\b/g)].map(([name]) => name);
  });

/** What a shell block may ask for. */
export interface ShellFacts {
  /** The scripts of package.json. */
  readonly scripts: ReadonlySet<string>;
  /** The commands of `expman`, and the long options of each. */
  readonly commands: ReadonlyMap<string, ReadonlySet<string>>;
  readonly exists: (path: string) => boolean;
}

/** What in a shell block is not there: a script of npm, a command or an option of `expman`, a path of the repository. */
export function strangersInShell(code: string, { scripts, commands, exists }: ShellFacts): string[] {
  return code.split('\n').flatMap((line) =>
    partsOf(line).flatMap((words) => {
      const paths = words.filter((word) => PATH.test(word) && !exists(word));
      const [script, command] = [scriptIn(words), commandIn(words)];
      return [
        ...paths,
        ...(script !== null && !scripts.has(script) ? [`npm run ${script}`] : []),
        ...(command === null ? [] : strangersOfCommand(command, commands)),
      ];
    }),
  );
}

/** The commands of a line, each as its words; what is quoted is one word, and comments are left out. */
function partsOf(line: string): string[][] {
  const words = line.match(/"[^"]*"|'[^']*'|#.*|[^\s"'#;|&]+|&&|\|+|;/g) ?? [];
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word.startsWith('#')) break;
    if (/^(?:&&|\|+|;)$/.test(word)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts.filter((part) => part.length > 0);
}

const SHORT: ReadonlySet<string | undefined> = new Set(['start', 'test']);

function scriptIn(words: readonly string[]): string | null {
  const at = words.indexOf('npm');
  if (at === -1) return null;
  const [word, script] = words.slice(at + 1).filter((each) => !each.startsWith('-'));
  if (SHORT.has(word)) return word ?? null;
  return word === 'run' ? (script ?? '') : null;
}

/** The words after `expman`, `npx expman` or `npx expman-rx`. */
function commandIn(words: readonly string[]): readonly string[] | null {
  const plain = words[0] === '$' ? words.slice(1) : words;
  const [first, second] = plain;
  if (first === 'expman') return plain.slice(1);
  return first === 'npx' && (second === 'expman' || second === 'expman-rx') ? plain.slice(2) : null;
}

function strangersOfCommand(
  [name = '', ...rest]: readonly string[],
  commands: ShellFacts['commands'],
): string[] {
  const options = commands.get(name);
  if (options === undefined) return name === 'help' || name.startsWith('-') ? [] : [`expman ${name}`];
  return rest
    .map((word) => /^--[a-z-]+/.exec(word)?.[0])
    .filter((option) => option !== undefined && option !== '--' && !options.has(option))
    .map((option) => `expman ${name} ${option ?? ''}`);
}

const cellsOf = (line: string): string[] =>
  line.startsWith('|') ? line.replace(/^\||\|\s*$/g, '').split('|') : [];

const sectionOf = (map: string, heading: string): string[] => {
  const [from, to] = sectionBounds(map.split('\n'), heading);
  return proseLines(map).slice(from, to);
};

function sectionBounds(lines: readonly string[], heading: string): readonly [from: number, to: number] {
  const from = lines.indexOf(`## ${heading}`) + 1;
  const to = lines.findIndex((line, at) => at > from && line.startsWith('## '));
  return [from, to === -1 ? lines.length : to];
}
