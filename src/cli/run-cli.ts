import { Command as Commander, CommanderError, Help } from 'commander';
import { nearestWord } from '../model/nearest-word.js';
import { printable } from '../model/printable.js';
import { isError } from '../model/realms.js';
import { VERSION } from '../model/version.js';
import { COMMANDS } from './catalogue.js';
import { type Command, type CommonOptions, UsageError, codeAndMessageOf, exitCodeOf } from './command.js';
import { ExitCode, Terminal } from './terminal.js';

/** The width of the help, in columns. */
const HELP_WIDTH = 80;
const JSON_NUMBERS = 'Integers beyond 2^53, NaN and Infinity are printed as strings.';
/** Names of arguments that are paths. */
const PATHS: ReadonlySet<string> = new Set(['RUN', 'DIR', 'PATH', 'FILE']);

/** Runs `expman` with its arguments; returns the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const terminal = new Terminal(process.stdout, process.stderr);
  const [name] = args;
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && args.length === 1)) {
    terminal.print(helpText());
    return name === undefined ? ExitCode.usage : ExitCode.ok;
  }
  if (name === '--version' || name === '-v') {
    terminal.print(VERSION);
    return ExitCode.ok;
  }
  const asked = name === 'help' ? [args[1] ?? '', '--help'] : args;
  const command = COMMANDS.find((each) => each.name === asked[0]);
  if (command === undefined) return usageError(terminal, unknownCommand(asked[0] ?? ''));
  return runCommand(command, asked.slice(1), terminal);
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const parser = parserOf(command, terminal).action(async () => {
    exitCode = await runParsed(command, parser, terminal);
  });
  try {
    await parser.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return ExitCode.ok;
    return usageError(terminal, `${printable(mistakeOf(error))}\n\n${usageOf(command)}`);
  }
}

function mistakeOf({ code, message }: CommanderError): string {
  const text = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?');
  if (code !== 'commander.missingArgument') return text;
  const name = /'(.+)'/.exec(text)?.[1]?.toUpperCase() ?? '';
  return PATHS.has(name) ? `a path is missing: ${name}` : `${name} is missing`;
}

async function runParsed(command: Command, parser: Commander, terminal: Terminal): Promise<number> {
  const options = parser.opts<CommonOptions>();
  try {
    const work = await command.load();
    return await work.run(parser.args, options, terminal);
  } catch (error) {
    if (error instanceof UsageError)
      return usageError(terminal, `${printable(error.message)}\n\n${usageOf(command)}`);
    // Most commands end without one, and the help needs nothing of it.
    const { hintFor } = await import('./hint-for.js');
    terminal.complain(
      options.debug === true && isError(error)
        ? (error.stack ?? error.message)
        : `${codeAndMessageOf(error)}${hintFor(error)}`,
    );
    return exitCodeOf(error);
  } finally {
    terminal.clearProgress();
  }
}

function parserOf(command: Command, terminal: Terminal): Commander {
  const { name, args, usage = args, summary, options, details, json } = command;
  const parser = new Commander(`expman ${name}`)
    .usage(`[options] ${usage}`.trimEnd())
    .description(summary)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.print(text.trimEnd());
      },
      writeErr: () => undefined,
    });
  if (args !== '') parser.arguments(args);
  for (const [flags, description] of options)
    if (flags.endsWith('<tags>')) parser.option(flags, description, joined(','));
    else if (flags.endsWith('<key=value>')) parser.option(flags, description, joined('\n'));
    else parser.option(flags, description);
  parser.option('--json', 'print JSON').option('--debug', 'print the stack trace of an error');
  const width = Math.min(terminal.width, HELP_WIDTH);
  if (details !== undefined) parser.addHelpText('after', `\n${details}`);
  parser.addHelpText('after', `\n${new Help().boxWrap(`--json prints ${json} ${JSON_NUMBERS}`, width)}`);
  return parser;
}

/** A list that is given twice is one list: the first must not be forgotten. */
const joined =
  (separator: string) =>
  (text: string, before: string | undefined): string =>
    before === undefined ? text : `${before}${separator}${text}`;

const usageOf = (command: Command): string =>
  `usage: ${callOf(command)} [OPTIONS]\n\nrun \`expman ${command.name} --help\` for details`;

const callOf = ({ name, args, usage = args }: Command): string =>
  `expman ${name} ${usage.toUpperCase().replaceAll('<', '').replaceAll('>', '')}`.trimEnd();

function usageError(terminal: Terminal, message: string): number {
  terminal.complain(message);
  return ExitCode.usage;
}

function unknownCommand(name: string): string {
  const near = nearestWord(
    name,
    COMMANDS.map((command) => command.name),
  );
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `unknown command ${printable(name)}${hint}\n\nrun \`expman --help\` for all commands`;
}

function helpText(): string {
  const lines = COMMANDS.map((command) => `  ${callOf(command).padEnd(24)} ${command.summary}`);
  return [
    'expman reads, compares, queries, repairs and moves the runs of expman-rx.',
    'Start with `expman list experiments`, where experiments is your folder of runs.',
    '',
    ...lines,
    '',
    '`expman COMMAND --help` shows details. Every command takes --json to print JSON',
    'and --debug to print the stack trace of an error; --version prints the version.',
    '',
    'DIR is a folder of experiments, RUN a folder DIR/EXPERIMENT/RUN in it.',
    'Exit codes: 0 success, 1 wrong usage, 2 invalid or corrupt data, 3 I/O error,',
    '4 a run is locked, 5 a gate fails or a monitor finds something.',
  ].join('\n');
}
