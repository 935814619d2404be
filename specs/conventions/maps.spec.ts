import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { below } from './files-below.js';
import { MAY_IMPORT, RECOVERY } from './layer-rules.js';
import {
  brokenLinks,
  documentsCitedIn,
  floorsIn,
  foldersNamedIn,
  identifiersNamedIn,
  layersIn,
  pathsNamedIn,
} from './map-rules.js';
import { anchorsOf, pagesOf } from './markdown.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const src = join(root, 'src');
const pages = pagesOf(root);
const map = readFileSync(join(src, 'README.md'), 'utf8');
const exists = (path: string): boolean => existsSync(join(root, path));

/** The sources below a folder at the top, as paths from there. */
const sourcesBelow = (folder: string): string[] =>
  below(join(root, folder))
    .filter((file) => /\.(?:[jt]sx?|mjs|py)$/.test(file))
    .map((file) => `${folder}/${file}`);

describe('the map of the code', () => {
  it('says of each layer what it may import, exactly as it is enforced', () => {
    const enforced = Object.entries(MAY_IMPORT).map(([layer, layers]) => ({
      layer,
      mayImport: [...layers, ...(layer === RECOVERY.from ? [RECOVERY.to.slice(0, -1)] : [])],
    }));
    expect(layersIn(map)).toEqual(enforced);
  });

  it('draws every layer once, above all that it may import', () => {
    const floors = floorsIn(map);
    const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)));
    expect(floors.flat().sort()).toEqual(Object.keys(MAY_IMPORT).sort());
    for (const [layer, layers] of Object.entries(MAY_IMPORT))
      for (const under of layers)
        expect(floorOf.get(under), `${under} is under ${layer}`).toBeGreaterThan(floorOf.get(layer) ?? NaN);
  });

  it('names every folder of src, and no other', () => {
    expect(foldersNamedIn(map).sort()).toEqual(below(src, 'folder'));
  });
});

describe('the pages', () => {
  it('link to nothing that is not there, anchors included', () => {
    expect(pages.length).toBeGreaterThan(10);
    expect(brokenLinks(pages, exists)).toEqual([]);
  });

  it('name no path of the repository that is not there', () => {
    // What a changelog tells of may be gone.
    const present = pages.filter(({ path }) => path !== 'CHANGELOG.md');
    const named = present.flatMap(({ path, text }) => pathsNamedIn(text).map((name) => ({ path, name })));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter(({ name }) => !exists(name))).toEqual([]);
  });
});

describe('the maps for whoever changes this', () => {
  it('name no identifier that no source has', () => {
    const words = new Set(
      ['specs', 'src']
        .flatMap(sourcesBelow)
        .flatMap((file) => readFileSync(join(root, file), 'utf8').match(/[A-Za-z_]\w*/g) ?? []),
    );
    const maps = pages.filter(({ path }) => /^(?:\.github|specs|src)\/[A-Z]+\.md$/.test(path));
    expect(maps.length).toBeGreaterThanOrEqual(4);
    const named = maps.flatMap(({ path, text }) => identifiersNamedIn(text).map((name) => ({ path, name })));
    expect(named.filter(({ name }) => !words.has(name))).toEqual([]);
  });
});

describe('the comments', () => {
  it('cite no document that is not in the repository, by its path from the top or beside the source', () => {
    const sources = ['.ci', 'examples', 'specs', 'src'].flatMap(sourcesBelow);
    const cited = sources.flatMap((file) =>
      documentsCitedIn(readFileSync(join(root, file), 'utf8')).map((name) => ({ file, name })),
    );
    expect(sources.length).toBeGreaterThan(500);
    expect(cited.filter(({ file, name }) => !exists(name) && !exists(join(dirname(file), name)))).toEqual([]);
  });
});

describe('the rules of maps', () => {
  it('read layers from the table, and floors from the picture, of that section alone', () => {
    const text = [
      '## Layers',
      '```text',
      '+-----+',
      '|  c  |  the top',
      '| a | b |',
      '+-----+',
      '```',
      '| layer | what | may import |',
      '| --- | --- | --- |',
      '| `a` | `x` and `y` | nothing |',
      '| `c` | z | `a`, `b`; and `b/room`, for `RECOVERY` |',
      '## Words',
      '| `d` | z | `a` |',
    ].join('\n');
    expect(layersIn(text)).toEqual([
      { layer: 'a', mayImport: [] },
      { layer: 'c', mayImport: ['a', 'b', 'b/room'] },
    ]);
    expect(floorsIn(text)).toEqual([['c'], ['a', 'b']]);
  });

  it('take for a folder what stands alone in the first cell of a row', () => {
    expect(
      foldersNamedIn('| `a/` | x |\n| `a/b/`  | y |\n| see `c/` | z |\n`d/`\n```\n| `e/` | x |\n```\n'),
    ).toEqual(['a', 'a/b']);
  });

  it('see a link to a file or an anchor that is not there, in Markdown and in HTML', () => {
    const files = [
      {
        path: 'README.md',
        text: '# One `two`, three!\n[a](#one-two-three) [b](#gone) [c](docs/a.md#x) ![d](gone.png)',
      },
      {
        path: 'docs/a.md',
        text: '## X\n## X\n[up](../README.md#one-two-three) [`t.ts`](t.ts) [x](#x-1)\n<img src="gone.svg">',
      },
      {
        path: 'docs/b.md',
        text: '[ref]: gone.md\n`[not](a-link.md)`\n```\n[nor](this.md)\n```\n[web](https://example.org/a.md#b) [out](../../x)',
      },
    ];
    expect(brokenLinks(files, (path) => path === 'docs/t.ts')).toEqual([
      'README.md:2 #gone',
      'README.md:2 gone.png',
      'docs/a.md:4 gone.svg',
      'docs/b.md:1 gone.md',
      'docs/b.md:6 ../../x',
    ]);
  });

  it('make anchors as GitHub does', () => {
    const headings = [
      '# 4 run.yaml',
      '## To add a key of run.yaml',
      '## A_b — c & d',
      '## [Link](x.md) *it*',
      '# Ünï',
    ];
    expect([...anchorsOf(headings.join('\n'))]).toEqual([
      '4-runyaml',
      'to-add-a-key-of-runyaml',
      'a_b--c--d',
      'link-it',
      'ünï',
    ]);
  });

  it('see the paths a page names, and no placeholder', () => {
    expect(
      pathsNamedIn('`src/a.ts`, `specs/b`, `src/<tool>/x.ts`, `npm run src`, `examples/*.md`, src/c'),
    ).toEqual(['src/a.ts', 'specs/b']);
  });

  it('see the documents that comments cite, and none in a text', () => {
    // Put together here, or this would be such a source itself.
    const [notes, a, b, c] = ['notes', 'docs/a', 'b', 'c'].map((name) => [name, 'md'].join('.'));
    const source = `// see ${notes} 4\nconst at = 'https://x.y/${c}';\n/** As in ${a}. */\n * (${b})\nread('${c}');`;
    expect(documentsCitedIn(source)).toEqual([notes, a, b]);
  });
});
