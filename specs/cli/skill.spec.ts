import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMMANDS } from '../../src/cli/catalogue.js';
import { ExitCode } from '../../src/cli/terminal.js';
import { expmanHere as expman } from '../support/cli-here.js';

const text = readFileSync(new URL('../../src/cli/SKILL.md', import.meta.url), 'utf8');
const [, head = '', body = ''] = /^---\n([^]*?)\n---\n([^]*)$/.exec(text) ?? [];

/** The cells of the rows of the table whose header begins with a word. */
function tableOf(word: string): string[][] {
  const lines = body.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${word} `)) + 2;
  const to = lines.findIndex((line, at) => at >= from && !line.startsWith('|'));
  return lines.slice(from, to).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the guide for agents', () => {
  it('is printed by the command as it is in the package', async () => {
    expect((await expman('skill')).stdout).toBe(text);
    const said = JSON.parse((await expman('skill', '--json')).stdout) as Record<string, string>;
    expect(said['text']).toBe(text);
    expect(readFileSync(said['path'] ?? '', 'utf8')).toBe(text);
  });

  it('begins with a name and a description that agents take', () => {
    const { name, description, ...others } = parse(head) as Record<string, string>;
    expect(others).toEqual({});
    expect(name).toMatch(/^[a-z0-9-]{1,64}$/);
    expect(description).toMatch(/^[^<>]{50,1024}$/);
  });

  it('takes no argument', async () => {
    const { exit, stderr } = await expman('skill', 'digits');
    expect(exit).toBe(ExitCode.usage);
    expect(stderr).toContain('usage: expman skill [OPTIONS]');
  });

  it('has every exit code', () => {
    expect(tableOf('code').map(([code]) => Number(code))).toEqual(Object.values(ExitCode));
  });

  it('names keys of JSON that the help of their commands has', () => {
    const jsonOf = (name: string): string => COMMANDS.find((each) => each.name === name)?.json ?? '';
    const rows = tableOf('command').map(([command = '', , keys = '']) => {
      const name = /^`(\w+)/.exec(command)?.[1] ?? '';
      // What inspect prints has the keys of list, too; a query has those of its columns.
      const shape = name === 'inspect' ? jsonOf('list') + jsonOf(name) : jsonOf(name);
      const named = [...keys.matchAll(/`(\w+)`/g)].map(([, key = '']) => key);
      return {
        name,
        known: shape !== '',
        missing: named.filter((key) => !new RegExp(`\\b${key}\\b`).test(shape)),
      };
    });
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter(({ known, missing }) => !known || missing.length > 0)).toEqual([]);
  });
});
