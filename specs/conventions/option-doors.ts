import ts from 'typescript';

/** A public call that takes options, as the types of the package's entries say. */
export interface OptionDoor {
  /** The call and the type of its options: `serve(ServeOptions)`, `StoredRun.follow(FollowOptions)`, `new SummaryWriter(...)`. */
  readonly name: string;
  readonly options: readonly DoorOption[];
}

/** One option of a door. */
export interface DoorOption {
  readonly name: string;
  readonly isOptional: boolean;
  /** A symbol is a value of its type. */
  readonly takesSymbol: boolean;
  /** The options inside of its value, where that may be an object of some. */
  readonly inner: readonly InnerOptions[];
}

/** Options inside of an option. */
export interface InnerOptions {
  /** What an object of them must say to be one: `{ name: 'asha' }`. */
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
}

/** Types with optional properties that are things to work on: a caller has them from elsewhere and sets nothing with them. */
const NOT_OPTIONS: ReadonlySet<string> = new Set([
  'ExchangeRun', // A run on its way.
  'ErrorFacts', // What an error says.
  'ProgressRun', // A run to show.
  'ProgressStream', // A stream to write to.
  'RunFacts', // A run to judge.
  'Scheduler', // A custom one, which decides by itself.
]);

/**
 * Every public call that takes an object of options: exported functions and classes, and the methods of what those return.
 *
 * Options are all objects of the package's own types that have an optional property; a type called `...Options` needs none.
 */
export function optionDoors(
  entries: readonly string[],
  compilerOptions: ts.CompilerOptions,
  isOwn: (file: string) => boolean,
): OptionDoor[] {
  const program = ts.createProgram([...entries], compilerOptions);
  const walk = new Walk(program.getTypeChecker(), isOwn);
  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    if (file === undefined) throw new Error(`there is no entry ${entry}`);
    walk.module(file);
  }
  return [...walk.doors.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

class Walk {
  readonly doors = new Map<string, OptionDoor>();
  private readonly seen = new Set<ts.Symbol | ts.Type>();

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly isOwn: (file: string) => boolean,
  ) {}

  module(file: ts.SourceFile): void {
    const symbol = this.checker.getSymbolAtLocation(file);
    if (symbol === undefined) throw new Error(`${file.fileName} is not a module`);
    for (const exported of this.checker.getExportsOfModule(symbol)) this.export(exported);
  }

  private export(exported: ts.Symbol): void {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? this.checker.getAliasedSymbol(exported) : exported;
    if ((symbol.flags & ts.SymbolFlags.Value) === 0) return;
    const type = this.checker.getTypeOfSymbol(symbol);
    this.signatures(exported.name, type.getCallSignatures());
    this.signatures(`new ${exported.name}`, type.getConstructSignatures());
    if ((symbol.flags & ts.SymbolFlags.Variable) !== 0) this.value(type);
  }

  private signatures(name: string, signatures: readonly ts.Signature[]): void {
    for (const signature of signatures) {
      const { declaration } = signature;
      if (declaration !== undefined && isHidden(declaration)) {
        this.value(signature.getReturnType());
        continue;
      }
      for (const parameter of signature.parameters)
        this.parameter(name, this.checker.getTypeOfSymbol(parameter));
      this.value(signature.getReturnType());
    }
  }

  private parameter(name: string, type: ts.Type): void {
    for (const part of partsOf(this.checker.getNonNullableType(type))) {
      if (!this.isOptions(part)) continue;
      const options = part.getProperties().map((property) => this.option(property));
      const shown = nameOf(part);
      this.doors.set(`${name}(${shown})`, { name: `${name}(${shown})`, options });
    }
  }

  private isOptions(type: ts.Type): boolean {
    const name = nameOf(type);
    if (NOT_OPTIONS.has(name)) return false;
    if ((type.flags & ts.TypeFlags.Object) === 0 && !type.isIntersection()) return false;
    if (this.checker.isArrayType(type) || this.checker.isTupleType(type)) return false;
    if (type.getCallSignatures().length + type.getConstructSignatures().length > 0) return false;
    if (type.getStringIndexType() !== undefined) return false;
    const properties = type.getProperties();
    if (!properties.every((property) => this.isOurs(property))) return false;
    return (
      name.endsWith('Options') || properties.some(({ flags }) => (flags & ts.SymbolFlags.Optional) !== 0)
    );
  }

  private option(property: ts.Symbol): DoorOption {
    const type = this.checker.getTypeOfSymbol(property);
    return {
      name: property.name,
      isOptional: (property.flags & ts.SymbolFlags.Optional) !== 0,
      takesSymbol: partsOf(type).some(({ flags }) => (flags & ts.TypeFlags.ESSymbolLike) !== 0),
      inner: partsOf(type)
        .filter((part) => this.isOptions(part))
        .map((part) => this.innerOf(part.getProperties())),
    };
  }

  private innerOf(properties: readonly ts.Symbol[]): InnerOptions {
    const fixed = properties.flatMap((property) => {
      const type = this.checker.getTypeOfSymbol(property);
      return type.isStringLiteral() ? [[property.name, type.value] as const] : [];
    });
    const names = properties.map(({ name }) => name);
    return {
      fixed: Object.fromEntries(fixed),
      names: names.filter((name) => fixed.every(([known]) => known !== name)),
    };
  }

  /** What a call gives is public, too: its methods are doors. */
  private value(type: ts.Type): void {
    for (const part of partsOf(type)) {
      if (this.seen.has(part)) continue;
      this.seen.add(part);
      for (const argument of this.argumentsOf(part)) this.value(argument);
      const symbol = symbolOf(part);
      if (symbol === undefined || this.seen.has(symbol) || !this.isOurs(symbol)) continue;
      this.seen.add(symbol);
      for (const member of part.getProperties()) {
        if (!this.isOurs(member) || member.declarations?.some(isHidden) === true) continue;
        const memberType = this.checker.getTypeOfSymbol(member);
        this.signatures(`${symbol.name}.${member.name}`, memberType.getCallSignatures());
        if (memberType.getCallSignatures().length === 0) this.value(memberType);
      }
    }
  }

  /** `Promise<Dashboard>` gives a Dashboard. */
  private argumentsOf(type: ts.Type): readonly ts.Type[] {
    const isReference = ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
    return isReference ? this.checker.getTypeArguments(type as ts.TypeReference) : [];
  }

  private isOurs(symbol: ts.Symbol): boolean {
    const files = symbol.declarations?.map((declaration) => declaration.getSourceFile().fileName) ?? [];
    return files.length > 0 && files.every(this.isOwn);
  }
}

const partsOf = (type: ts.Type): readonly ts.Type[] => (type.isUnion() ? type.types : [type]);

/** Of the name a type was given, or of its declaration; primitives have none. */
const symbolOf = ({ aliasSymbol, symbol }: Partial<ts.Type>): ts.Symbol | undefined => aliasSymbol ?? symbol;
const nameOf = (type: ts.Type): string => symbolOf(type)?.name ?? '';

/** Whether a member is for its class alone, or marked as not public. */
function isHidden(declaration: ts.Node): boolean {
  const name = ts.isClassElement(declaration) ? declaration.name : undefined;
  const modifiers = ts.canHaveModifiers(declaration) ? (ts.getModifiers(declaration) ?? []) : [];
  return (
    (name !== undefined && ts.isPrivateIdentifier(name)) ||
    modifiers.some(({ kind }) => HIDING.includes(kind)) ||
    ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'hidden')
  );
}

const HIDING: readonly ts.SyntaxKind[] = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
