// YAML that ends, blocks or fills a process that parses it unguarded (row 30 of the matrix in specs/faults/README.md).

/** @returns {Record<string, string>} */
export function hostileYaml() {
  const laughs = Array.from({ length: 9 }, (_, at) => {
    const before = String.fromCharCode(96 + at);
    const items = at === 0 ? '"lol"' : Array.from({ length: 9 }, () => `*${before}`).join(', ');
    return `${String.fromCharCode(97 + at)}: &${String.fromCharCode(97 + at)} [${items}]`;
  });
  return {
    laughs: laughs.join('\n'),
    dashes: `${'- '.repeat(1000)}1`,
    strings: '["a",'.repeat(1000),
    questions: '? '.repeat(1000),
    brackets: '['.repeat(100_000),
    fewerBrackets: '['.repeat(10_000),
    braces: '{a: '.repeat(5_000),
    closing: ']'.repeat(1000),
    indents: Array.from({ length: 300 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
    proto: '__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}',
    merge: 'a: &a {polluted: true}\n<<: *a\n__proto__:\n  <<: *a',
    tags: '!!js/function "function () {}"',
    ours: 'a: !<tag:yaml.org,2002:js/undefined> 1\nb: !!binary "AAAA"\nc: !!set {a}\n',
    manyTags: '- !!str a\n'.repeat(500),
    anchors: Array.from({ length: 500 }, (_, at) => `- &a${at} ${at}`).join('\n'),
    unknownAlias: 'a: *nobody',
    selfAlias: 'a: &a [*a]',
    twice: 'a: 1\na: 2',
    longNumber: '9'.repeat(500),
    exponents: '1e999999999999',
    many: Array.from({ length: 100 }, (_, at) => `k${at}: ${at}`).join('\n'),
    documents: '---\n'.repeat(100),
    tabs: '\t'.repeat(1_000),
    quotes: '"'.repeat(499),
    scalar: `a: |\n${' '.repeat(500)}x`,
    folded: `a: >${'\n'.repeat(500)}`,
    directive: `%YAML 9.9\n%TAG ! tag:x,2000:\n---\n!a b`,
    nul: 'a: \u0000\u0001\ud800',
    cutOff: 'status: RUNNING\ncounts: {rows: 1',
  };
}
