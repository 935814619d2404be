import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { LOCK_NAME, readLock } from '../../dist/modules/storage/lock-file.js';
import { nodeFs } from '../../dist/modules/storage/node-fs.js';
import { sweep, uniform } from '../../dist/modules/sweep/index.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('sweep-beats');

describe('a sweep under way', () => {
  it('beats in its lock, for other hosts, until it is over', async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let say = (): void => undefined;
    const begun = new Promise<void>((resolve) => (say = resolve));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const study = sweep(
        { x: uniform(0, 1) },
        async ({ run }) => {
          run.logMetrics({ loss: 1 }, 0);
          say();
          await finished;
        },
        {
          ...{ name: 's', baseDir: folder(), metric: 'loss', trials: 1, handleSignals: false },
          run: { environment: false },
        },
      );
      await begun;
      const beat = (): number | null | undefined => readLock(nodeFs, join(study.dir, LOCK_NAME))?.beat;
      expect(beat()).toBe(0);
      vi.advanceTimersByTime(5_000);
      expect(beat()).toBe(1);
      vi.advanceTimersByTime(10_000);
      expect(beat()).toBe(3);
      finish();
      expect((await study.result).status).toBe('FINISHED');
      vi.advanceTimersByTime(10_000);
      expect(beat()).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });
});
