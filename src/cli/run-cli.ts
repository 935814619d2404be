import { Command as Commander, CommanderError, Help } from 'commander';
import { nearestWord } from '../model/nearest-word.js';
import { printable } from '../model/printable.js';
import { VERSION } from '../model/version.js';
import { COMMANDS } from './catalogue.js';
import { type Command, UsageError, codeAndMessageOf, exitCodeOf } from './command.js';
import { ExitCode, Terminal } from './terminal.js';

/** Columns of a text that nobody has to turn the head for. */
const HELP_WIDTH = 100;

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
    const missing = error.code === 'commander.missingArgument' ? 'a path is missing: ' : '';
    const what = printable(error.message.replace(/^error: /, ''));
    return usageError(terminal, `${missing}${what}\n\n${usageOf(command)}`);
  }
}

async function runParsed(command: Command, parser: Commander, terminal: Terminal): Promise<number> {
  const options: Record<string, unknown> = parser.opts();
  try {
    const { run } = await command.load();
    return await run(parser.args, options, terminal);
  } catch (error) {
    if (error instanceof UsageError)
      return usageError(terminal, `${printable(error.message)}\n\n${usageOf(command)}`);
    terminal.complain(
      options['debug'] === true && error instanceof Error
        ? (error.stack ?? error.message)
        : codeAndMessageOf(error),
    );
    return exitCodeOf(error);
  } finally {
    terminal.clearProgress();
  }
}

function parserOf({ name, args, summary, options, details, json }: Command, terminal: Terminal): Commander {
  const parser = new Commander(`expman ${name}`)
    .arguments(args)
    .description(summary)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.print(text.trimEnd());
      },
      writeErr: () => undefined,
    });
  for (const [flags, description] of options) parser.option(flags, description);
  parser.option('--json', 'print JSON').option('--debug', 'print the stack of an error');
  const width = Math.min(terminal.width, HELP_WIDTH);
  if (details !== undefined) parser.addHelpText('after', `\n${details}`);
  parser.addHelpText('after', `\n${new Help().boxWrap(`--json prints ${json}`, width)}`);
  return parser;
}

const usageOf = ({ name, args }: Command): string =>
  `usage: expman ${name} ${args.toUpperCase().replaceAll('<', '').replaceAll('>', '')} [--json]\n\`expman ${name} --help\` says more`;

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
  return `there is no command ${printable(name)}${hint}\n\n${helpText()}`;
}

function helpText(): string {
  const lines = COMMANDS.map(
    ({ name, args, summary }) =>
      `  ${`expman ${name} ${args.toUpperCase().replaceAll('<', '').replaceAll('>', '')}`.padEnd(28)} ${summary}`,
  );
  return [
    'expman reads, compares, queries, mends and moves the runs expman-rx has written.',
    '',
    ...lines,
    '',
    '  `expman COMMAND --help` says more; --json prints JSON, --debug the stack of an error, --version the version.',
    '  Exit codes: 0 done, 1 wrong usage, 2 invalid or corrupt data, 3 input or output failed, 4 a run is locked.',
  ].join('\n');
}
