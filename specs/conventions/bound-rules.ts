import ts from 'typescript';
import type { Source } from './layer-rules.js';

/** A bound of the sources: a constant that cuts or refuses something, or a cut at a literal number. */
export interface Bound {
  readonly file: string;
  readonly line: number;
  /** The constant's name, or the text of the cut: `name.slice(0, 100)`. */
  readonly name: string;
  /** What stands after `@bound` beside it, on one line; null without a mark. */
  readonly mark: string | null;
}

/**
 * Constants that are bounds by their names. A constant of any other name is one where something is cut at it
 * (`slice(0, SHOWN)`, `slice(-SHOWN)`), or that a `length` or `size` is not to reach (`names.length > SHOWN`).
 */
const BOUND_NAME = /^(?:MAX|MOST|LIMITS?|LONGEST|CAP)(?:_|$)|_(?:MAX|MOST|LIMITS?|LONGEST|CAP|SHOWN)$/;
const CONSTANT_NAME = /^[A-Z][A-Z0-9_]*$/;
const CUTTERS = new Set(['slice', 'substring', 'substr']);
/** Comparisons with a bound on the right: what is below it goes on, what is above it is refused or cut. */
const COMPARISONS: ReadonlyMap<string, readonly ts.SyntaxKind[]> = new Map([
  ['length', [ts.SyntaxKind.GreaterThanToken, ts.SyntaxKind.GreaterThanEqualsToken]],
  [
    'size',
    [ts.SyntaxKind.GreaterThanToken, ts.SyntaxKind.GreaterThanEqualsToken, ts.SyntaxKind.LessThanToken],
  ],
]);

/** Every bound of the sources, in the order of the files. */
export function boundsOf(sources: readonly Source[]): Bound[] {
  const files = sources.map(({ path, text }) =>
    ts.createSourceFile(
      path,
      text,
      ts.ScriptTarget.Latest,
      true,
      path.endsWith('x') ? ts.ScriptKind.TSX : undefined,
    ),
  );
  const used = files.map(constantsUsedAsBounds);
  return files.flatMap((file, at) => {
    const exported = exportedConstants(file);
    const isBound = (name: string): boolean =>
      BOUND_NAME.test(name) ||
      used[at]?.has(name) === true ||
      (exported.has(name) && used.some((names) => names.has(name)));
    return boundsOfFile(file, isBound);
  });
}

function boundsOfFile(file: ts.SourceFile, isBound: (name: string) => boolean): Bound[] {
  const found: Bound[] = [];
  visit(file, (node) => {
    if (isConstant(node) && isBound(node.name.text)) found.push(boundAt(file, node, node.name.text));
    if (isCutAtLiteral(node)) found.push(boundAt(file, node, node.getText(file).replaceAll(/\s+/g, ' ')));
  });
  return found;
}

function boundAt(file: ts.SourceFile, node: ts.Node, name: string): Bound {
  return { file: file.fileName, line: lineOf(file, node) + 1, name, mark: markBeside(file, node) };
}

type Constant = (ts.VariableDeclaration | ts.PropertyDeclaration) & {
  readonly name: ts.Identifier;
  readonly initializer: ts.Expression;
};

const isConstant = (node: ts.Node): node is Constant =>
  (ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) &&
  ts.isIdentifier(node.name) &&
  CONSTANT_NAME.test(node.name.text) &&
  node.initializer !== undefined &&
  !ts.isArrowFunction(node.initializer);

function exportedConstants(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const statement of file.statements)
    if (
      ts.isVariableStatement(statement) &&
      statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
    )
      for (const { name } of statement.declarationList.declarations)
        if (ts.isIdentifier(name)) names.add(name.text);
  return names;
}

function constantsUsedAsBounds(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const takeFrom = (part: ts.Node | undefined): void => {
    if (part !== undefined)
      visit(part, (node) => {
        if (ts.isIdentifier(node) && CONSTANT_NAME.test(node.text) && !isMember(node)) names.add(node.text);
      });
  };
  visit(file, (node) => {
    if (isCut(node)) takeFrom(boundOfCut(node));
    else if (ts.isBinaryExpression(node) && ts.isPropertyAccessExpression(node.left)) {
      const kinds = COMPARISONS.get(node.left.name.text);
      if (kinds?.includes(node.operatorToken.kind) === true) takeFrom(node.right);
    }
  });
  return names;
}

const isMember = (node: ts.Identifier): boolean =>
  ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;

const isCut = (node: ts.Node): node is ts.CallExpression =>
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  CUTTERS.has(node.expression.name.text);

/** The expression that says how much a cut keeps, of the beginning (`slice(0, n)`) or of the end (`slice(-n)`). */
function boundOfCut({ arguments: [first, second] }: ts.CallExpression): ts.Expression | undefined {
  if (first === undefined) return undefined;
  if (second !== undefined) return first.getText() === '0' ? second : undefined;
  return isMinus(first) ? first.operand : undefined;
}

const isMinus = (node: ts.Node): node is ts.PrefixUnaryExpression =>
  ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken;

const isCutAtLiteral = (node: ts.Node): boolean =>
  isCut(node) && ts.isNumericLiteral(boundOfCut(node) ?? node);

/** The mark in a comment on the node's line, on the lines directly above it, or above the statement or member it stands in. */
function markBeside(file: ts.SourceFile, node: ts.Node): string | null {
  const lines = file.text.split('\n');
  const places = [lineOf(file, node), lineOf(file, placeOf(node))];
  for (const place of places) {
    const trailing = /\/[/*].*@bound\s+(.*?)(?:\s*\*\/)?$/.exec(lines[place] ?? '')?.[1];
    const mark = trailing ?? markIn(commentAbove(lines, place));
    if (mark !== null) return mark;
  }
  return null;
}

function placeOf(node: ts.Node): ts.Node {
  let at = node;
  while (!ts.isStatement(at) && !ts.isClassElement(at) && !ts.isSourceFile(at.parent)) at = at.parent;
  return at;
}

/** The comment lines that end directly above a line, without their stars and slashes. */
function commentAbove(lines: readonly string[], line: number): string {
  let first = line;
  while (first > 0 && /^\s*(?:\/\/|\/\*|\*)/.test(lines[first - 1] ?? '')) first--;
  return lines
    .slice(first, line)
    .map((text) => text.replace(/^\s*(?:\/\/|\/\*\*?|\*\/?)\s?/, '').replace(/\s*\*\/$/, ''))
    .join('\n');
}

/** The text of a mark up to the next tag. */
const markIn = (comment: string): string | null =>
  /@bound\s+([^@]*)/.exec(comment)?.[1]?.replaceAll(/\s+/g, ' ').trim() ?? null;

const lineOf = (file: ts.SourceFile, node: ts.Node): number =>
  file.getLineAndCharacterOfPosition(node.getStart(file)).line;

function visit(node: ts.Node, each: (node: ts.Node) => void): void {
  each(node);
  node.forEachChild((child) => {
    visit(child, each);
  });
}

/** The text of a spec file under its path from the root, or null where there is none. */
export type SpecText = (path: string) => string | null;

/**
 * What is wrong with a mark; null for one that is right.
 *
 * A mark is one of three: `refuses: CODE ...`, the code of an ExpmanError, `TypeError`, `RangeError` or `HTTP 4xx`;
 * `tells: where; specs/a.spec.ts "title"`, where the reader of the result sees how much is left out, and the test that shows it;
 * `loses nothing: why`.
 */
export function problemOf(
  mark: string | null,
  codes: ReadonlySet<string>,
  specText: SpecText,
): string | null {
  if (mark === null) return 'has no @bound mark';
  const [, kind, text = ''] = /^(refuses|tells|loses nothing): (.+)$/.exec(mark) ?? [];
  switch (kind) {
    case 'refuses': {
      const isError = (text.match(/\b(?:[A-Z]+(?:_[A-Z]+)*|TypeError|RangeError)\b/g) ?? []).some((word) =>
        codes.has(word),
      );
      return isError || /^HTTP [45]\d\d\b/.test(text) ? null : 'refuses with no error that there is';
    }
    case 'tells': {
      const [, path, title] = /^.+; (specs\/\S+\.spec\.ts) "(.+)"$/.exec(text) ?? [];
      if (path === undefined || title === undefined) return 'tells without the spec that shows it';
      const spec = specText(path);
      if (spec === null) return `tells by ${path}, which is not there`;
      return titlesIn(spec).has(title) ? null : `tells by "${title}", which ${path} has not`;
    }
    case 'loses nothing':
      return text.split(' ').length > 2 ? null : 'loses nothing without a reason';
    default:
      return `has a mark of no known kind: ${mark}`;
  }
}

/** The titles of the tests in a spec. */
function titlesIn(spec: string): ReadonlySet<string> {
  const titles = new Set<string>();
  visit(ts.createSourceFile('a.spec.ts', spec, ts.ScriptTarget.Latest, true), (node) => {
    if (!ts.isCallExpression(node) || !/^it\b/.test(node.expression.getText())) return;
    const [title] = node.arguments;
    if (title !== undefined && ts.isStringLiteralLike(title)) titles.add(title.text);
  });
  return titles;
}
