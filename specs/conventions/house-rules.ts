import ts from 'typescript';

/** What the top level of the repository may hold; all other settings live in package.json or specs/conventions. */
const TOP_LEVEL = [
  '.ci',
  '.github',
  '.gitignore',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'examples',
  'package-lock.json',
  'package.json',
  'specs',
  'src',
  'tsconfig.json',
];

/** The names at the top of a list of tracked files that do not belong there. */
export function strangersAtTop(trackedFiles: readonly string[]): string[] {
  const names = new Set(trackedFiles.map((file) => file.split('/')[0] ?? file));
  return [...names].filter((name) => !TOP_LEVEL.includes(name)).sort();
}

// A path that exists on one machine only: somebody's home, or where a checkout happened to lie.
const MACHINE_PATH =
  /(?<![\w.:/-])(?:\/(?:home|Users|mnt|work)\/[\w.-]+\/|\/root\/|[A-Za-z]:\\Users\\)[\w./\\-]*/g;

/** The absolute paths of one machine that a text holds. */
export function machinePathsIn(text: string): string[] {
  return text.match(MACHINE_PATH) ?? [];
}

const REGISTRY = /"resolved"|\/\/(?:registry|npm|nexus|artifactory)[\w-]*\.[\w.-]+|\b_authToken\b/g;

/** What in a text would tie an install to one registry: `resolved` addresses, registry hosts, tokens. */
export function registryTracesIn(text: string): string[] {
  return text.match(REGISTRY) ?? [];
}

/** The part of package-lock.json these rules read. */
export interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

/**
 * The optional packages a lock file refers to but does not hold, such as another platform's binaries.
 *
 * npm leaves them out without a word when the registry at hand has not got them (yet), and `npm ci` then refuses the
 * lock file, on every platform: pin a version whose binaries are all there.
 */
export function gapsIn({ packages }: Lock): string[] {
  return Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isHeld(name, place, packages)),
  );
}

/** Looks a package up as Node does: beside the dependent, then in each node_modules further up. */
function isHeld(name: string, place: string, packages: Lock['packages']): boolean {
  const at = `${place === '' ? '' : `${place}/`}node_modules/${name}`;
  if (at in packages) return true;
  if (place === '') return false;
  const above = place.lastIndexOf('node_modules/');
  return isHeld(name, place.slice(0, Math.max(above - 1, 0)), packages);
}

/** What we say of a run; who gives it to one of our functions has it from us. */
const GIVEN_OUT = 'RunFacts';

/** Checks entry modules in one program: a program for each would read their common files as often. */
export class Entries {
  private readonly program: ts.Program;
  private readonly checker: ts.TypeChecker;

  constructor(entries: readonly string[], options: ts.CompilerOptions) {
    this.program = ts.createProgram(entries, options);
    this.checker = this.program.getTypeChecker();
  }

  /** The names one of them exports, types included, that carry no TSDoc comment. */
  undocumented(entry: string): string[] {
    return this.exportsOf(entry)
      .filter((name) => resolve(name, this.checker).getDocumentationComment(this.checker).length === 0)
      .map((name) => name.getName());
  }

  /**
   * The members that a user may leave out of what is given to a function, a constructor or a method, and may not give as
   * `undefined`: with `exactOptionalPropertyTypes` that is another thing.
   */
  refusingUndefined(entry: string): string[] {
    const found = this.exportsOf(entry)
      .flatMap((name) => this.callsOf(resolve(name, this.checker)))
      .flatMap((call) => call.getParameters())
      .flatMap((parameter) => alternatives(this.checker.getTypeOfSymbol(parameter)))
      .flatMap((given) => given.getProperties())
      .flatMap((member) => member.declarations ?? [])
      .filter(isOwnOptional)
      .filter(({ type }) => type !== undefined && !/\b(?:undefined|unknown)$/.test(type.getText()))
      .filter((member) => ownerOf(member) !== GIVEN_OUT)
      .map((member) => `${ownerOf(member)}.${member.name.getText()}`);
    return [...new Set(found)].sort();
  }

  private exportsOf(entry: string): readonly ts.Symbol[] {
    const file = this.program.getSourceFile(entry);
    const module = file === undefined ? undefined : this.checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${entry} is not a module`);
    return this.checker.getExportsOfModule(module);
  }

  /** How a function, or a class and its methods, can be called; of a type there is nothing to call. */
  private callsOf(symbol: ts.Symbol): readonly ts.Signature[] {
    if ((symbol.flags & ts.SymbolFlags.Value) === 0) return [];
    const type = this.checker.getTypeOfSymbol(symbol);
    const methods =
      (symbol.flags & ts.SymbolFlags.Class) === 0
        ? []
        : this.checker
            .getDeclaredTypeOfSymbol(symbol)
            .getProperties()
            .flatMap((member) => this.checker.getTypeOfSymbol(member).getCallSignatures());
    return [...type.getCallSignatures(), ...type.getConstructSignatures(), ...methods];
  }
}

const alternatives = (type: ts.Type): readonly ts.Type[] => (type.isUnion() ? type.types : [type]);

function isOwnOptional(declaration: ts.Declaration): declaration is ts.PropertySignature {
  return (
    ts.isPropertySignature(declaration) &&
    declaration.questionToken !== undefined &&
    !declaration.getSourceFile().fileName.includes('node_modules')
  );
}

function ownerOf({ parent }: ts.PropertySignature): string {
  return ts.isInterfaceDeclaration(parent) ? parent.name.text : 'an object';
}

function resolve(name: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return (name.flags & ts.SymbolFlags.Alias) === 0 ? name : checker.getAliasedSymbol(name);
}
