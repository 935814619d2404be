import { describe, expect, it } from 'vitest';
import { axesOf } from '../../../src/dashboard/page/curves/axes.js';

const facts = (definitions: Record<string, { x: string }>, startedAt = '2026-01-01') => ({
  ...{ experiment: 'a', run: 'b', status: 'FINISHED', startedAt },
  definitions,
});
const known = ['epoch', 'val/loss', 'loss', 'seconds'];

describe('the x axes of metrics', () => {
  it('are those of their definitions, and steps without one', () => {
    const runs = [facts({ 'val/*': { x: 'epoch' }, seconds: { x: 'time' }, 'l*': { x: 'step' } })];
    expect([...axesOf(runs, ['val/loss', 'seconds', 'loss', 'epoch'], { chosen: null, known })]).toEqual([
      ['val/loss', 'metric:epoch'],
      ['seconds', 'time'],
      ['loss', 'step'],
      ['epoch', 'step'],
    ]);
  });

  it('are steps for an axis that no run has logged, and for the metric that is the axis', () => {
    const runs = [facts({ '*': { x: 'epoch' }, loss: { x: '__proto__' } })];
    expect([...axesOf(runs, ['epoch', 'loss', 'seconds'], { chosen: null, known })]).toEqual([
      ['epoch', 'step'],
      ['loss', 'step'],
      ['seconds', 'metric:epoch'],
    ]);
  });

  it('are the chosen one, whatever the definitions say; of several runs, the newest says', () => {
    const runs = [facts({ loss: { x: 'epoch' } }), facts({ loss: { x: 'time' } }, '2026-01-02')];
    expect(axesOf(runs, ['loss'], { chosen: null, known }).get('loss')).toBe('time');
    expect(axesOf(runs, ['loss'], { chosen: 'step', known }).get('loss')).toBe('step');
  });
});
