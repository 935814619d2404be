import { describe, expect, it } from 'vitest';
import { lastStepIn } from '../../src/run/last-step.js';
import { nodeFs } from '../../src/storage/node-fs.js';

describe('the last step of a run whose rows cannot be opened', () => {
  it('is refused as IO, with the path and the errno', () => {
    const refusing = {
      ...nodeFs,
      open: () => {
        throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
      },
    };
    expect(() => lastStepIn(refusing, '/runs/one', 'a'.repeat(32), null)).toThrow(
      expect.objectContaining({ code: 'IO', errno: 'EACCES', path: '/runs/one/metrics.parquet' }),
    );
  });
});
