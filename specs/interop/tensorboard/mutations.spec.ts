import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ExpmanError, tensorboardImporter } from 'expman-rx/tensorboard';
import { filesBelow } from '../../../dist/modules/interop/source/files-below.js';
import { amount } from '../../support/amount.js';
import { tempFolders } from '../../support/temp-folder.js';
import { imported, type ImportedRun } from './rig.js';

const folder = tempFolders('tensorboard-mutations');
const FIXTURE = join(import.meta.dirname, 'fixtures/training/tensorboardx');
const importer = tensorboardImporter({ onCorrupt: 'stop' });

type Change =
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'flip' | 'zero' | 'insert' | 'remove'; readonly at: number; readonly count: number };

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(2000) }),
  fc.record({
    kind: fc.constantFrom('flip' as const, 'zero' as const, 'insert' as const, 'remove' as const),
    at: fc.nat(2000),
    count: fc.integer({ min: 1, max: 24 }),
  }),
);

function changed(bytes: Buffer, change: Change): Buffer {
  const at = change.at % bytes.length;
  if (change.kind === 'cut') return bytes.subarray(0, at);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const { kind, count } = change;
  switch (kind) {
    case 'flip':
      return Buffer.concat([
        before,
        after.subarray(0, count).map((byte) => byte ^ 0x55),
        after.subarray(count),
      ]);
    case 'zero':
      return Buffer.concat([before, Buffer.alloc(after.length)]);
    case 'insert':
      return Buffer.concat([before, Buffer.alloc(count, 7), after]);
    case 'remove':
      return Buffer.concat([before, after.subarray(count)]);
    default:
      return kind satisfies never;
  }
}

/** The places where a record begins: a file that is cut off there is whole. */
function beginnings(bytes: Buffer): ReadonlySet<number> {
  const found = new Set([0]);
  for (let at = 0; at < bytes.length; found.add(at)) at += bytes.readUInt32LE(at) + 16;
  return found;
}

/** The values of some runs as `tag step value`, whatever run they are in. */
const valuesOf = (runs: readonly ImportedRun[]): Set<string> =>
  new Set(
    runs.flatMap(({ rowList }) =>
      rowList.flatMap(({ step, values }) =>
        Object.entries(values).map(
          ([tag, value]) => `${tag.replace(/^cmp\/loss\/\w+$/, 'cmp/loss')} ${String(step)} ${String(value)}`,
        ),
      ),
    ),
  );

it('event files that are torn or changed give values that were logged, and say what is missing', async () => {
  const whole = await imported(importer, FIXTURE);
  const [logged, params] = [valuesOf(whole), whole[0]?.params];
  const files = filesBelow(FIXTURE).map(([name]) => name);
  expect(logged.size).toBeGreaterThan(35);
  await fc.assert(
    fc.asyncProperty(fc.nat(files.length - 1), changes, fc.boolean(), async (which, change, isPacked) => {
      const path = join(folder(), 'runs');
      cpSync(FIXTURE, path, { recursive: true });
      const file = join(path, files[which] ?? '');
      const bytes = readFileSync(file);
      const mutant = changed(isPacked ? gzipSync(bytes) : bytes, change);
      writeFileSync(file, mutant);
      const isWhole = !isPacked && beginnings(bytes).has(mutant.length) && bytes.indexOf(mutant) === 0;
      try {
        const runs = await imported(importer, path);
        const found = valuesOf(runs);
        expect([...found].filter((value) => !logged.has(value))).toEqual([]);
        for (const run of runs) expect([params, {}]).toContainEqual(run.params);
        const told = runs.flatMap((run) => run.told.filter(({ kind }) => kind !== 'guessed'));
        if (found.size < logged.size && !isWhole && mutant.length > 0) expect(told).not.toEqual([]);
      } catch (error) {
        if (!(error instanceof ExpmanError)) throw error;
      }
      rmSync(path, { recursive: true });
    }),
    { numRuns: amount(20, 200) },
  );
});
