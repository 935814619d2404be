import { parseArgs } from 'node:util';
import { messageOf } from '../model/errors.js';
import { nearestWord } from '../model/nearest-word.js';
import { VERSION } from '../model/version.js';
import { type Command, codeAndMessageOf, exitCodeOf } from './command.js';
import { inspect } from './inspect.js';
import { recover } from './recover.js';
import { verify } from './verify.js';
import { ExitCode, Terminal } from './terminal.js';
import { printable } from '../model/printable.js';

const COMMANDS: Readonly<Record<string, Command>> = { inspect, recover, verify };
const COMMON = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  debug: { type: 'boolean' },
} as const;

/** Runs `expman` with its arguments; returns the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const terminal = new Terminal(process.stdout, process.stderr);
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.print(helpText());
    return name === undefined ? ExitCode.usage : ExitCode.ok;
  }
  if (name === '--version' || name === '-v') {
    terminal.print(VERSION);
    return ExitCode.ok;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return usageError(terminal, unknownCommand(name));
  return runCommand(command, rest, terminal);
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  let parsed: { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({
      args: [...args],
      options: { ...COMMON, ...command.options },
      allowPositionals: true,
    });
  } catch (error) {
    return usageError(terminal, `${messageOf(error)}\n\n${command.usage}`);
  }
  const { values, positionals } = parsed;
  if (values['help'] === true) {
    terminal.print(`${command.usage}\n\n${command.summary}`);
    return ExitCode.ok;
  }
  if (positionals.length === 0) return usageError(terminal, `a path is missing\n\n${command.usage}`);
  try {
    return await command.run(positionals, values, terminal);
  } catch (error) {
    terminal.complain(
      values['debug'] === true && error instanceof Error
        ? (error.stack ?? error.message)
        : codeAndMessageOf(error),
    );
    return exitCodeOf(error);
  }
}

function usageError(terminal: Terminal, message: string): number {
  terminal.complain(message);
  return ExitCode.usage;
}

function unknownCommand(name: string): string {
  const near = nearestWord(name, Object.keys(COMMANDS));
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `there is no command ${printable(name)}${hint}\n\n${helpText()}`;
}

function helpText(): string {
  const lines = Object.values(COMMANDS).map(({ usage, summary }) => `  ${usage.padEnd(40)} ${summary}`);
  return [
    'expman reads and mends the runs expman-rx has written.',
    '',
    ...lines,
    '',
    '  --json prints JSON, --debug the stack of an error, --version the version.',
    '  Exit codes: 0 done, 1 wrong usage, 2 invalid or corrupt data, 3 input or output failed, 4 a run is locked.',
  ].join('\n');
}
