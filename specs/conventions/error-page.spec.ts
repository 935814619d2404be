import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it('has a page with a heading for each code, in the order of ErrorCode, and text under each', () => {
  const codes = [...textOf('src/model/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
  const sections = textOf('examples/errors.md').split(/^## /m).slice(1);

  expect(codes.length).toBeGreaterThan(0);
  expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(codes);
  for (const section of sections) expect(section.split('\n').slice(1).join(' ').trim()).not.toBe('');
});
