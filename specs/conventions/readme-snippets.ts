/** A fenced block of code in a Markdown file. */
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

/** The TypeScript and JavaScript blocks of a Markdown text, in its order; a block in a list loses its indent. */
export function snippetsOf(markdown: string): Snippet[] {
  const lines = markdown.split(/\r?\n/);
  const snippets: Snippet[] = [];
  for (let i = 0; i < lines.length; i++) {
    const open = /^(\s*)(`{3,}|~{3,})\s*(\w*)/.exec(lines[i] ?? '');
    if (open === null) continue;
    const [, indent = '', fence = '', word = ''] = open;
    const end = lines.findIndex(
      (line, at) => at > i && line.trim().startsWith(fence) && line.trim().length >= fence.length,
    );
    const stop = end === -1 ? lines.length : end;
    const language = LANGUAGES[word];
    if (language !== undefined) {
      const code = lines
        .slice(i + 1, stop)
        .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
      snippets.push({ language, line: i + 2, code: `${code.join('\n')}\n` });
    }
    i = stop;
  }
  return snippets;
}
