import { type Command, type CommandRun, UsageError } from './command.js';
import type { NONE } from './command-options.js';
import { ExitCode } from './terminal.js';

/** The command that prints a completion script for some commands. */
export function completionFor(commands: readonly Command[]): CommandRun<typeof NONE> {
  return ([shell = ''], _options, terminal) => {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined)
      throw new UsageError(`a shell is bash, zsh or fish; got ${JSON.stringify(shell)}`);
    terminal.print(script(commands));
    return ExitCode.ok;
  };
}

const flagsOf = ({ options }: Command): string[] => [
  ...options.flatMap(([flags]) => flags.match(/--[a-z-]+/g) ?? []),
  '--json',
  '--help',
];

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: (commands) => `_expman() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$word"))
    return
  fi
  local options=
  case \${COMP_WORDS[1]} in
${commands.map((command) => `    ${command.name}) options="${flagsOf(command).join(' ')}" ;;`).join('\n')}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _expman expman`,
  zsh: (commands) => `#compdef expman
_expman() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${commands
  .map(
    (command) =>
      `    ${command.name}) _arguments ${flagsOf(command)
        .map((option) => `'${option}'`)
        .join(' ')} '*:path:_files' ;;`,
  )
  .join('\n')}
  esac
}
compdef _expman expman`,
  fish: (commands) =>
    commands
      .flatMap((command) => [
        `complete -c expman -n __fish_use_subcommand -a ${command.name} -d '${quoted(command.summary)}'`,
        ...flagsOf(command).map(
          (option) =>
            `complete -c expman -n '__fish_seen_subcommand_from ${command.name}' -l ${option.slice(2)}`,
        ),
      ])
      .join('\n'),
};

const quoted = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
