import { describe, expect, expectTypeOf, it } from 'vitest';
import { COMMANDS } from '../../src/cli/catalogue.js';
import { type CommandRun, type OptionsOf, command, numberOption } from '../../src/cli/command.js';
import type { CLEAN, TAIL } from '../../src/cli/command-options.js';

const PAINT = [
  ['-c, --colour <name>', 'which'],
  ['--dry-run', 'paint nothing'],
  ['--no-frame', 'without a frame'],
] as const;
const texts = { name: 'paint', args: '', summary: '', json: '' };

describe('the options of a command', () => {
  it('have the types that their declaration says', () => {
    expectTypeOf<OptionsOf<typeof TAIL>['lines']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<OptionsOf<typeof TAIL>['follow']>().toEqualTypeOf<true | undefined>();
    expectTypeOf<OptionsOf<typeof TAIL>['log']>().toEqualTypeOf<boolean>();
    expectTypeOf<keyof OptionsOf<typeof CLEAN>>().toEqualTypeOf<
      | 'keep'
      | 'keepBest'
      | 'by'
      | 'goal'
      | 'protectTag'
      | 'olderThan'
      | 'where'
      | 'force'
      | 'dryRun'
      | 'unfinishedSweeps'
      | 'json'
      | 'debug'
    >();
  });

  it('cannot be read by another name', () => {
    const run: CommandRun<typeof PAINT> = (_args, options) => {
      // @ts-expect-error -- misspelt
      const color: unknown = options.color;
      // @ts-expect-error -- not text
      const isText = (): unknown => numberOption(options, 'frame');
      // @ts-expect-error -- not declared
      const coats = numberOption(options, 'coats');
      return color === undefined && coats === undefined && options.frame && isText.length === 0 ? 0 : 1;
    };
    expect(run([], { colour: undefined, dryRun: true, frame: true }, undefined as never)).toBe(0);
  });

  it('are those its work is given', () => {
    const load = (): Promise<{ run: CommandRun<typeof PAINT> }> => Promise.resolve({ run: () => 0 });
    expect(command({ ...texts, options: PAINT, load }).options).toBe(PAINT);
    // @ts-expect-error -- the work reads options that the command has not got
    expect(command({ ...texts, options: [], load }).options).toEqual([]);
  });

  it('are declared as commander and the types both read them', () => {
    const flags = COMMANDS.flatMap(({ options }) => options.map(([text]) => text));
    expect(flags.filter((text) => !/^(-[a-z], )?--[a-z]+(-[a-z]+)*( <[a-z]+>)?$/.test(text))).toEqual([]);
  });
});
