/**
 * The deepest nesting of YAML, for brackets and for blocks.
 *
 * @bound refuses: UNSAFE_YAML
 */
export const MAX_YAML_DEPTH = 64;

/** @bound refuses: UNSAFE_YAML */
const MAX_PROPERTIES = 100;
/**
 * The most adjacent quoted values. Valid YAML has two, a value and the next key; the parser reports
 * a few more as an error, but takes half a minute for 1 MB of them.
 *
 * @bound refuses: UNSAFE_YAML
 */
const MAX_QUOTED = 100;
const FLOW_END = '\u0018';
const DOCUMENT = '\u0002';
const SCALAR = '\u001f';

/**
 * Returns the reason why YAML is not safe to parse, or null; looks only at the lexemes, which the
 * lexer finds without recursion.
 *
 * The parser recurses, and V8 ends the process if a regular expression is compiled at the edge of
 * the stack. A nested block begins further right, so the columns at which content begins give the
 * depth (at least half of it: a list may begin under its key).
 */
export function dangerOf(lexemes: Iterable<string>): string | null {
  const columns: number[] = [];
  let column = 0;
  let opens = true;
  let brackets = 0;
  let properties = 0;
  let quoted = 0;
  let inScalar = false;
  for (const lexeme of lexemes) {
    const kind = inScalar ? 'content' : kindOf(lexeme);
    inScalar = lexeme === SCALAR && !inScalar;
    if (lexeme === FLOW_END && kind === 'marker') brackets = 0;
    if (kind === 'marker' || kind === 'comment') continue;
    if (kind === 'newline') {
      column = 0;
      opens = true;
      continue;
    }
    if (opens && kind !== 'space') {
      enter(columns, column);
      if (columns.length > MAX_YAML_DEPTH) return `is nested deeper than ${MAX_YAML_DEPTH} blocks`;
      opens = false;
    }
    if (kind === 'quoted') quoted++;
    else if (kind !== 'space') quoted = 0;
    if (quoted > MAX_QUOTED) return `has more than ${MAX_QUOTED} quoted values with nothing between them`;
    // Inside brackets only a new line can begin a block; otherwise `{a: 1, b: 2}` would count as
    // two.
    if (kind === 'indicator') opens = brackets === 0;
    else if (kind === 'open' && ++brackets > MAX_YAML_DEPTH)
      return `is nested deeper than ${MAX_YAML_DEPTH} brackets`;
    else if (kind === 'close' && --brackets < 0) return 'closes a bracket that is not open';
    else if (kind === 'property' && ++properties > MAX_PROPERTIES)
      return `has more than ${MAX_PROPERTIES} aliases, anchors, tags and directives`;
    column = columnAfter(column, lexeme);
  }
  return null;
}

function enter(columns: number[], column: number): void {
  while ((columns.at(-1) ?? -1) > column) columns.pop();
  if (columns.at(-1) !== column) columns.push(column);
}

function columnAfter(column: number, lexeme: string): number {
  const lineStart = lexeme.lastIndexOf('\n') + 1;
  return lineStart === 0 ? column + lexeme.length : lexeme.length - lineStart;
}

type Kind =
  | 'marker'
  | 'newline'
  | 'space'
  | 'comment'
  | 'indicator'
  | 'open'
  | 'close'
  | 'property'
  | 'quoted'
  | 'content';

function kindOf(lexeme: string): Kind {
  switch (lexeme) {
    case FLOW_END:
    case DOCUMENT:
    case SCALAR:
    case '\ufeff':
      return 'marker';
    case '':
    case '\n':
    case '\r\n':
      return 'newline';
    case '-':
    case '?':
    case ':':
      return 'indicator';
    case '[':
    case '{':
      return 'open';
    case ']':
    case '}':
      return 'close';
  }
  switch (lexeme[0]) {
    case ' ':
    case '\t':
      return 'space';
    case '#':
      return 'comment';
    case '*':
    case '&':
    case '!':
    case '%':
      return 'property';
    case '"':
    case "'":
      return 'quoted';
    default:
      return 'content';
  }
}
