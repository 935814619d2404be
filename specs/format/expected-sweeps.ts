import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeParams, plainParams } from '../../src/model/params.js';
import { frontOf, valuesOf, violationOf } from '../../src/pure/sweep-front.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { readSweep } from '../../src/sweep/sweep-file.js';

const GOLDEN = new URL('../faults/golden/vectors/sweeps.json', import.meta.url);

/** Writes the golden sweeps below a folder; returns their names. */
export function unpackSweeps(base: string): readonly string[] {
  const packed = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Readonly<
    Record<string, Readonly<Record<string, string>>>
  >;
  for (const [sweep, files] of Object.entries(packed))
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(base, sweep), { recursive: true });
      writeFileSync(join(base, sweep, name), Buffer.from(text, 'base64'));
    }
  return Object.keys(packed);
}

/** What a reader must say of the sweeps below a folder, as this package says it. */
export function expectedSweeps(base: string, names: readonly string[]): unknown {
  const said = names.map((name) => {
    const sweep = readSweep(nodeFs, join(base, name));
    if (sweep === null) throw new Error(`${name} is no sweep`);
    const { status, uuid, plan, best, trials } = sweep;
    const shown = {
      ...{ status, uuid, plan, best: best?.trial ?? null },
      front: frontOf(plan, trials).map(({ trial }) => trial),
      trials: trials.map((trial) => ({
        record: trial,
        values: valuesOf(plan, trial),
        violation: violationOf(plan, trial),
      })),
    };
    return [name, shown] as const;
  });
  return JSON.parse(encodeParams(plainParams(Object.fromEntries(said))));
}
