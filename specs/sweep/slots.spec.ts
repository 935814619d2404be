import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { sweep, uniform } from 'expman-rx/sweep';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('slots');
const MODULE = new URL('./workers/queue-trials.mjs', import.meta.url);

describe.skipIf(process.platform !== 'linux')('a slot with variables of its own', () => {
  it('is a process that has them, and native code sees them', async () => {
    const baseDir = folder();
    const study = sweep(
      { x: uniform(0, 1), way: 'environment' as const },
      {
        ...{ name: 's', baseDir, trials: 4, worker: MODULE, handleSignals: false },
        metrics: [
          { name: 'loss', mode: 'min' },
          { name: 'size', mode: 'min' },
        ],
        constraints: [{ metric: 'size', max: 1 }],
        run: { environment: false },
        slots: [{ env: { QUEUE_SPEC: 'one' } }, { env: { QUEUE_SPEC: 'two' } }],
      },
    );
    const hosts = new Set<string>();
    study.events$.subscribe((event) => {
      if (event.kind === 'started') hosts.add(event.trial.host);
    });
    const { trials, front } = await study.result;
    expect(front).toEqual(trials);
    expect(trials.map(({ values }) => values)).toEqual(trials.map(({ params: { x } }) => [x + 9, 1 - x]));
    expect(hosts.size).toBe(1);
    expect(new Set(trials.map(({ slot }) => slot))).toEqual(new Set([0, 1]));
    for (const { runDir, slot, status } of trials) {
      expect(status).toBe('finished');
      expect(parse(readFileSync(join(runDir, 'config.yaml'), 'utf8'))).toMatchObject({
        ...{ slot, environ: [`QUEUE_SPEC=${slot === 0 ? 'one' : 'two'}`] },
      });
    }
  });
});
