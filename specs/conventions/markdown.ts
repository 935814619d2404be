import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { below } from './files-below.js';

/** A Markdown file: its path from the top of the repository, with forward slashes, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Folders that hold pages; what else may be at the top level is generated, or installed. */
const FOLDERS = ['.github', 'examples', 'specs', 'src'];

/** Every Markdown file of the repository. */
export function pagesOf(root: string): Page[] {
  const pages = FOLDERS.flatMap((folder) => below(join(root, folder)).map((path) => `${folder}/${path}`));
  const paths = [...readdirSync(root), ...pages].filter((path) => path.endsWith('.md'));
  return paths.sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** A fenced block in a Markdown file. */
export interface Block {
  /** The word after the fence; empty if nothing follows it. */
  readonly language: string;
  /** Line of the first line of its code, from 1. */
  readonly line: number;
  readonly code: string;
  /** Line after its closing fence, from 0. */
  readonly end: number;
}

/** The fenced blocks of a Markdown text, in its order; a block in a list loses its indent. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const open = /^(\s*)(`{3,}|~{3,})\s*(\w*)/.exec(lines[i] ?? '');
    if (open === null) continue;
    const [, indent = '', fence = '', language = ''] = open;
    const close = lines.findIndex(
      (line, at) => at > i && line.trim().startsWith(fence) && line.trim().length >= fence.length,
    );
    const stop = close === -1 ? lines.length : close;
    const code = lines
      .slice(i + 1, stop)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ language, line: i + 2, code: `${code.join('\n')}\n`, end: stop + 1 });
    i = stop;
  }
  return blocks;
}

/** A block of code that runs. */
export interface Snippet {
  readonly language: 'ts' | 'js';
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

const LANGUAGES: Readonly<Record<string, Snippet['language']>> = {
  ts: 'ts',
  typescript: 'ts',
  js: 'js',
  javascript: 'js',
};

/** The TypeScript and JavaScript blocks of a Markdown text, in its order. */
export function snippetsOf(markdown: string): Snippet[] {
  return blocksOf(markdown).flatMap(({ language: word, line, code }) => {
    const language = LANGUAGES[word];
    return language === undefined ? [] : [{ language, line, code }];
  });
}

/** The lines of a Markdown text outside its fenced blocks, which are empty lines instead. */
export function proseLines(markdown: string): string[] {
  const lines = markdown.split(/\r?\n/);
  for (const { line, end } of blocksOf(markdown)) lines.fill('', line - 2, end);
  return lines;
}

/** The texts in backticks in a line of prose. */
export const codeSpansIn = (line: string): string[] =>
  [...line.matchAll(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g)].map(([, , code = '']) => code.trim());

/** The line with the inside of its code spans blank, so that nothing in them is taken for a link. */
export const withoutCode = (line: string): string =>
  line.replace(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g, (span) => ' '.repeat(span.length));

/** The anchors of a page as GitHub makes them: of its headings, and ids in its HTML. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const line of proseLines(markdown)) {
    const [, heading] = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? [];
    if (heading !== undefined) {
      const slug = slugOf(heading);
      let anchor = slug;
      for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
      anchors.add(anchor);
    }
    for (const [, id = ''] of withoutCode(line).matchAll(/<\w+[^>]*\s(?:id|name)="([^"]+)"/g))
      anchors.add(id);
  }
  return anchors;
}

const slugOf = (heading: string): string =>
  heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-');

/** A link, an image or a source in a page. */
export interface Link {
  readonly line: number;
  readonly target: string;
}

/** Every target of a page's links and images, Markdown's and HTML's. */
export function linksOf(markdown: string): Link[] {
  return proseLines(markdown).flatMap((prose, at) => {
    const line = withoutCode(prose);
    return [
      ...line.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
      ...line.matchAll(/^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)/g),
      ...line.matchAll(/<[^>]*\s(?:href|src|srcset)="([^"]+)"/g),
    ].map(([, target = '']) => ({ line: at + 1, target }));
  });
}
