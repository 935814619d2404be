import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../src/pure/glob.js';
import { definitionOf, statisticOf } from '../../src/pure/metric-definition.js';

describe('the definition of a metric', () => {
  it('takes each property from the closest pattern that has it', () => {
    const definitions = {
      'val/loss': { goal: 'min' },
      'val/*': { goal: 'max', x: 'epoch' },
      '*': { goal: 'max', x: 'time', summary: 'mean' },
      'val/l?ss': { x: 'step' },
    } as const;
    expect(definitionOf(definitions, 'val/loss')).toEqual({ goal: 'min', x: 'step', summary: 'mean' });
    expect(definitionOf(definitions, 'val/acc')).toEqual({ goal: 'max', x: 'epoch', summary: 'mean' });
    expect(definitionOf(definitions, 'other')).toEqual({ goal: 'max', x: 'time', summary: 'mean' });
    expect(definitionOf({}, 'other')).toEqual({});
  });

  it('is the later of two patterns that are equally close', () => {
    expect(definitionOf({ 'a*': { goal: 'min' }, '*b': { goal: 'max' } }, 'ab')).toEqual({ goal: 'max' });
    expect(definitionOf({ '*b': { goal: 'max' }, 'a*': { goal: 'min' } }, 'ab')).toEqual({ goal: 'min' });
    expect(definitionOf({ '😀*': { goal: 'min' }, '*b': { goal: 'max' } }, '😀b')).toEqual({ goal: 'max' });
  });

  it('is that of the very name, whatever signs the name has', () => {
    expect(definitionOf({ 'a*?': { goal: 'min' }, 'a*?b*': { goal: 'max' } }, 'a*?')).toEqual({
      goal: 'min',
    });
  });

  it('says which statistic stands for the metric', () => {
    expect(statisticOf({})).toBe('last');
    expect(statisticOf({ summary: 'mean', goal: 'min' })).toBe('mean');
    expect(statisticOf({ summary: 'best', goal: 'max' })).toBe('max');
    expect(statisticOf({ summary: 'best' })).toBe('last');
  });
});

describe('a pattern', () => {
  it.each([
    ['val/loss', 'val/*', true],
    ['val/a/b', 'val/*', true],
    ['val', 'val/*', false],
    ['Val/x', 'val/*', false],
    ['', '*', true],
    ['loss', 'l?s', false],
    ['loss', 'l??s', true],
    ['😀', '?', true],
  ])('%j: %j is %s', (text, pattern, is) => {
    expect(matchesGlob(text, pattern)).toBe(is);
  });

  it('of many stars takes no longer than its length times that of the text', () => {
    expect(matchesGlob('a'.repeat(20_000), `${'*a'.repeat(50)}*b`)).toBe(false);
  });
});
